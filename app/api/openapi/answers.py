# SPDX-License-Identifier: Apache-2.0
"""The answers of the OpenAPI document: what succeeds, what is refused, and the headers of both."""

from http import HTTPStatus
from typing import Any, Final

from openapi_pydantic.v3.v3_1 import Header, MediaType, Reference, Response, Schema
from pydantic import BaseModel

from app.api.openapi.schemas import HealthDocument, ProblemDocument, Schemas
from app.api.operation import Operation
from app.api.problems import MEDIA_TYPE

# The reason of each status of a problem document; its `code` is more specific.
REFUSALS: Final = {
    400: "The request cannot be read: its JSON, its query or one of its headers.",
    401: "There is no valid key.",
    403: "This key may not do it.",
    404: "There is no such thing, or it is another client's.",
    406: "The client accepts no JSON.",
    409: "The state does not allow it, or a request with the same Idempotency-Key is still at work.",
    412: "It has changed since the version that If-Match names.",
    413: "The body is larger than 64 KiB.",
    415: "The Content-Type is not JSON.",
    422: "The values are refused, or the Idempotency-Key was used for another request.",
    428: "If-Match is missing.",
    429: "The key's quota is used up.",
    500: "The service made a mistake.",
    503: "The database does not answer, or the service starts or stops.",
}
ALWAYS: Final = {400, 401, 403, 406, 429, 500, 503}
WITH_BODY: Final = {413, 415, 422}
KEYED: Final = {409, 422}
MATCHED: Final = {412, 428}
REQUEST_ID: Final = "The request's X-Request-Id, or the id of its trace."


def statuses(operation: Operation, *, names_something: bool) -> list[int]:
    """List the statuses of refusal of an operation; one whose path has ids names something that may be missing."""
    found = ALWAYS | set(operation.refusals)
    found |= {404} if names_something else set()
    found |= WITH_BODY if operation.body else set()
    found |= KEYED if operation.keyed else set()
    found |= MATCHED if operation.matched else set()
    return sorted(found)


def refusal_name(status: int) -> str:
    """Name a refusal among the components; not by its phrase, as Python's versions differ in those."""
    return f"Problem{status}"


def refusal(status: int, schemas: Schemas) -> Response:
    """Describe a refusal, the same for all operations."""
    headers = {"X-Request-Id": header(REQUEST_ID)}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = header("How to authenticate.", required=True)
    if status in {HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        headers["Retry-After"] = header("After how many seconds to try again.", type="integer", minimum=0)
    content = {MEDIA_TYPE: json_content(schemas.written(ProblemDocument))}
    return Response(description=REFUSALS[status], headers=dict(headers), content=content)


def success(operation: Operation, status: int, versioned: set[type[BaseModel]], schemas: Schemas) -> Response:
    """Describe an answer that is no refusal; versioned are the documents that have an ETag."""
    document = operation.answers[status]
    headers = {"X-Request-Id": header(REQUEST_ID)}
    if status == HTTPStatus.CREATED:
        headers["Location"] = header("The address of what was created.", required=True)
    if document in versioned or status == HTTPStatus.NOT_MODIFIED:
        headers["ETag"] = header(
            "The version that the answer shows.", required=HTTPStatus.NOT_MODIFIED in operation.answers
        )
    if operation.query and "cursor" in operation.query.model_fields:
        headers["Link"] = header('The next page (rel="next"), if there is one.')
    if operation.keyed:
        headers["Idempotent-Replayed"] = header("This answer was given before.", const="true")
    response = Response(description=HTTPStatus(status).phrase, headers=dict(headers))
    if document:
        response.content = {"application/json": json_content(schemas.written(document))}
    return response


def health(status: HTTPStatus, schemas: Schemas) -> Response:
    """Describe an answer of the health routes."""
    return Response(
        description=status.phrase, content={"application/json": json_content(schemas.written(HealthDocument))}
    )


def header(description: str, *, required: bool = False, **keywords: Any) -> Header:  # noqa: ANN401  # JSON Schema's own
    """Describe a header; text, unless the keywords give another type."""
    return Header(
        description=description, required=required, schema=Schema.model_validate({"type": "string"} | keywords)
    )


def json_content(schema: Reference) -> MediaType:
    """Describe a JSON body."""
    return MediaType(schema=schema)
