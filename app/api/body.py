# SPDX-License-Identifier: Apache-2.0
"""Reads a JSON body strictly: what two parsers could understand differently is refused."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

from flask import Request, g
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.problems import Problem
from app.domain.errors import Fault

Schema = TypeVar("Schema", bound=BaseModel)
LARGEST_BODY = 64 * 1024  # bytes; a request is a few hundred. Nginx has the same limit
# What Flask may read. A body without a length is cut at Flask's limit, not refused: one byte more shows that it was.
READ_LIMIT = LARGEST_BODY + 1


def read_body(request: Request, schema: type[Schema], *media_types: str) -> Schema:
    """Parse and check the body; raise Problem: 400 not JSON, 415 not declared as JSON, 422 not of the schema.

    Leaves the parsed document in `g.document`, by which a repeated request is recognised.
    """
    _require_json(request, media_types or ("application/json",))
    body = request.get_data(cache=False)
    if len(body) > LARGEST_BODY:
        raise RequestEntityTooLarge
    document = _parse(body)
    if not isinstance(document, dict):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_body", "A JSON object is expected.")
    g.document = document
    try:
        return schema.model_validate(document)
    except ValidationError as error:
        faults = [_fault(item["loc"], item["type"], schema) for item in error.errors(include_url=False)]
        detail = "The body does not have the expected members."
        # from None: pydantic's text repeats the input
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_body", detail, faults) from None


def read_optional_body(request: Request, schema: type[Schema]) -> Schema:
    """Parse and check a body whose members may all be left out, and so the body itself."""
    if not (request.content_type or request.get_data()):
        return schema()
    return read_body(request, schema)


def _require_json(request: Request, media_types: Sequence[str]) -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in media_types or charset != "utf-8" or "Content-Encoding" in request.headers:
        detail = f"Content-Type: {' or '.join(media_types)} is expected, in UTF-8 and not compressed."
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)


def _parse(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constants)
    except (ValueError, RecursionError):  # also bytes that are no UTF-8, and integers of thousands of digits
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed_json", "The body is not valid JSON.") from None


def _no_duplicates(members: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(members)
    if len(document) != len(members):
        raise ValueError("duplicate member")
    return document


def _no_constants(_literal: str) -> NoReturn:
    raise ValueError("NaN and infinities are not JSON")


def _fault(location: Sequence[int | str], kind: str, schema: type[BaseModel]) -> Fault:
    """Describe an error without pydantic's text; an unknown member's name is client input and not repeated."""
    name = str(location[0]) if location else ""  # of a name with half a surrogate pair, pydantic gives no location
    if name not in schema.model_fields:
        return Fault("", "unknown_member", f"Only these members are expected: {', '.join(schema.model_fields)}.")
    if kind == "missing":
        return Fault(name, "missing", "This member is required.")
    code = "invalid_type" if kind.endswith("_type") else "invalid_value"
    return Fault(name, code, schema.model_fields[name].description or "Another value is expected.")
