# SPDX-License-Identifier: Apache-2.0
"""Every operation of the document, done with its own example, on a borrower or loan that is ready for it."""

import json
from typing import Any

from flask import Flask
from openapi_schema_validator import OAS31Validator, oas31_format_checker

from app import __version__
from app.api.openapi.document import build_document
from tests.contract.lives import Lives, answered

SPAN = {"from": "2026-01-01", "to": "2026-06-30"}
# Headers that mean something; the others are the same everywhere.
TELLING = {"ETag", "Idempotent-Replayed", "Link", "Location", "Retry-After", "WWW-Authenticate"}


def ids_for(operation_id: str, lives: Lives) -> dict[str, str]:
    """Prepare what the path of an operation names."""
    if operation_id in {"get_borrower", "update_borrower", "erase_borrower", "export_borrower"}:
        return {"borrower_id": lives.borrower()["id"]}
    if operation_id in {"reverse", "get_transaction"}:
        booked = lives.repayment()
        return {"loan_id": booked["loan_id"], "transaction_id": booked["id"]}
    if operation_id in {"approve", "reject", "withdraw", "cancel"}:
        return {"loan_id": lives.submitted()["id"]}
    if operation_id == "disburse":
        return {"loan_id": lives.approved()["id"]}
    if operation_id == "waive_fee":
        return {"loan_id": lives.with_fee()["id"]}
    return {"loan_id": lives.active()["id"]}


def arguments_for(operation_id: str, described: dict[str, Any], lives: Lives) -> dict[str, Any]:
    """Take the example, with the borrower of the application's made-up id replaced by one that is there."""
    headers = {"If-Match": "*"} if operation_id == "update_borrower" else {}
    query = SPAN if operation_id == "get_statement" else {}
    if "requestBody" not in described:
        return {"headers": headers, "query_string": query}
    media_type, content = next(iter(described["requestBody"]["content"].items()))
    body = dict(content["example"])
    if operation_id == "submit_application":
        body["borrower_id"] = lives.borrower()["id"]
    return {"headers": headers, "content_type": media_type, "data": json.dumps(body)}


def test_every_operation_succeeds_with_its_own_example(app: Flask) -> None:
    lives = Lives.of(app)
    document = answered(lives.officer.get("/openapi.json"))
    done = []

    for path, methods in document["paths"].items():
        for method, described in methods.items():
            operation_id = described["operationId"]
            address = path.format(**ids_for(operation_id, lives)) if "{" in path else path
            arguments = arguments_for(operation_id, described, lives)

            answer = lives.officer.open(address, method=method.upper(), **arguments)

            expect_documented(answer, described, document)
            done.append(operation_id)

    assert len(done) == len(set(done)) >= 25


def expect_documented(answer: Any, described: dict[str, Any], document: dict[str, Any]) -> None:  # noqa: ANN401
    """Expect success, of a documented status, with the documented headers and body."""
    name = f"{described['operationId']} {answer.status_code} {answer.get_data(as_text=True)[:300]}"
    assert answer.status_code < 300, name
    promised = described["responses"][str(answer.status_code)]
    headers = promised.get("headers", {})
    assert {header for header in headers if headers[header]["required"]} <= set(answer.headers.keys()), name
    assert TELLING & set(answer.headers.keys()) <= set(headers), name
    schema = promised["content"]["application/json"]["schema"] | {"components": document["components"]}
    OAS31Validator(schema, format_checker=oas31_format_checker).validate(answer.get_json())


def test_every_example_is_of_its_schema(app: Flask) -> None:
    document = build_document(app, __version__)

    faults = [
        f"{described['operationId']}: {fault.message}"
        for methods in document["paths"].values()
        for described in methods.values()
        for content in described.get("requestBody", {}).get("content", {}).values()
        for fault in OAS31Validator(content["schema"] | {"components": document["components"]}).iter_errors(
            content["example"]
        )
    ]

    assert faults == []
