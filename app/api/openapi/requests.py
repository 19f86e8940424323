# SPDX-License-Identifier: Apache-2.0
"""The requests of the OpenAPI document: parameters of path, query and headers, and the body."""

import re
from http import HTTPMethod, HTTPStatus
from typing import Any, Final

from openapi_pydantic.v3.v3_1 import MediaType, Parameter, RequestBody, Schema

from app.api.openapi.schemas import Schemas
from app.api.operation import Operation

CONVERTED: Final = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>", re.ASCII)
KINDS: Final = {"uuid": {"type": "string", "format": "uuid"}}
TEXT: Final = {"type": "string"}
KEY_SCHEMA: Final = {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,255}$"}
KEY: Final = "A name for this request: when it is tried again with the same one, it still happens only once."
IF_MATCH: Final = "The ETag of the version to change."
IF_NONE_MATCH: Final = "ETags that the client has; 304 if the newest is among them."


def template(rule: str) -> str:
    """Write a route as a path template."""
    return CONVERTED.sub(r"{\g<name>}", rule)


def parameters(rule: str, operation: Operation, schemas: Schemas) -> list[Parameter]:
    """Describe what an operation reads beside the body."""
    found = [
        _parameter("path", match["name"], KINDS.get(match["converter"], TEXT), required=True)
        for match in CONVERTED.finditer(rule)
    ]
    if operation.query:
        for name, (schema, required) in schemas.parameters(operation.query).items():
            found.append(_parameter("query", name, schema, required=required, description=schema.description or ""))
    if operation.keyed:
        found.append(_parameter("header", "Idempotency-Key", KEY_SCHEMA, required=True, description=KEY))
    if operation.matched or HTTPStatus.PRECONDITION_FAILED in operation.refusals:
        found.append(_parameter("header", "If-Match", TEXT, required=operation.matched, description=IF_MATCH))
    if HTTPStatus.NOT_MODIFIED in operation.answers:
        found.append(_parameter("header", "If-None-Match", TEXT, description=IF_NONE_MATCH))
    return found


def body(method: str, operation: Operation, schemas: Schemas) -> RequestBody | None:
    """Describe the body with an example that works; one without members may be left out."""
    if operation.body is None:
        return None
    content = MediaType(schema=schemas.read(operation.body), example=dict(operation.example))
    kinds = ["application/merge-patch+json"] if method == HTTPMethod.PATCH else []
    required = bool(operation.body.model_fields)
    return RequestBody(content=dict.fromkeys([*kinds, "application/json"], content), required=required)


def _parameter(
    place: str, name: str, schema: Schema | dict[str, Any], *, required: bool = False, description: str = ""
) -> Parameter:
    # By its aliases, as "in" is no name in Python.
    members = {"in": place, "name": name, "schema": schema, "required": required}
    return Parameter.model_validate(members | ({"description": description} if description else {}))
