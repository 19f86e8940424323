# SPDX-License-Identifier: Apache-2.0
"""Requests made up from the OpenAPI document, good and bad ones: every answer is one that the document promises."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from app import __version__
from app.access import DEV_SECRETS
from app.api.openapi.document import build_document
from tests.contract.lives import Lives

AnyCase = Case[Any]
AnyOperation = APIOperation[Any, Any, Any, Any]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OFFICER = {"Authorization": f"Bearer {DEV_SECRETS['officer']}"}
# The same requests in each run. A few for each operation, 10 to 30 s in all: the boundaries are tried by a test of
# their own. Nothing is shrunk and no time is judged, since a run may share its machine.
MADE_UP = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
# Values that get beyond the first check; of all texts, hardly one is a currency.
LIKELY = {
    "amount_minor": [2500, 1_200_000],
    "annual_rate_percent": ["0", "7.25"],
    "currency": ["EUR", "JPY"],
    "disbursed_on": ["2026-01-15"],
    "effective_on": ["2026-03-01", "2026-08-01"],
    "first_due_on": ["2026-02-15"],
    "principal_minor": [1_200_000],
    "term_months": [12, 48],
}
# An empty round would prove nothing.
EXPECTED = {200, 201, 400, 401, 404, 409, 422}


@pytest.fixture
def schema(app: Flask) -> OpenApiSchema:
    """Load the document, narrowed in what requests are made up of: ids that are there, and likely values."""
    document = build_document(app, __version__)
    known = known_ids(Lives.of(app))
    for methods in document["paths"].values():
        for described in methods.values():
            for parameter in described.get("parameters", []):
                if parameter["name"] in known:
                    parameter["schema"] = {"enum": known[parameter["name"]]}
    for name, model in document["components"]["schemas"].items():
        if name.endswith("Body"):
            narrowed = {member: {"enum": LIKELY[member]} for member in LIKELY.keys() & model["properties"].keys()}
            model["properties"].update(narrowed)
    loaded = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    loaded.app = app.wsgi_app
    return loaded


def known_ids(lives: Lives) -> dict[str, list[str]]:
    """Prepare what paths and headers can name, and something that is not there."""
    repaid = lives.repayment()
    return {
        "borrower_id": [lives.borrower()["id"], lives.submitted()["borrower_id"], str(uuid4())],
        "loan_id": [repaid["loan_id"], lives.submitted()["id"], lives.approved()["id"], str(uuid4())],
        "transaction_id": [repaid["id"], str(uuid4())],
        "If-Match": ["*", '"1"'],
    }


def operations(schema: OpenApiSchema) -> Iterator[AnyOperation]:
    """List the document's operations."""
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        yield result.ok()


def answered(case: AnyCase) -> int:
    """Send a request, under a key of its own, and hold the answer against the document."""
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    return case.call_and_validate(headers=OFFICER, checks=CHECKS).status_code


def test_boundary_values_get_promised_answers(schema: OpenApiSchema) -> None:
    modes = list(GenerationMode)

    statuses = {
        answered(case)
        for operation in operations(schema)
        for case in schema.iter_coverage_cases(
            operation, generation_modes=modes, generation_config=schema.config.generation
        )
    }

    assert statuses >= EXPECTED | {405, 415, 428}


def test_made_up_requests_get_promised_answers(schema: OpenApiSchema) -> None:
    statuses: set[int] = set()

    for operation in operations(schema):
        if operation.path.startswith("/api/"):  # the others read nothing that could be made up
            for mode in GenerationMode:
                send_made_up(operation, mode, statuses)

    assert statuses >= EXPECTED


def send_made_up(operation: AnyOperation, mode: GenerationMode, statuses: set[int]) -> None:
    """Send requests that follow the document, and some that don't."""

    @MADE_UP
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: AnyCase) -> None:
        statuses.add(answered(case))

    send()
