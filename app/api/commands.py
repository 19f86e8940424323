# SPDX-License-Identifier: Apache-2.0
"""Runs a view's work: what writes carries an Idempotency-Key, and the same request gets the same answer again."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Final, TypeVar
from uuid import UUID

from flask import Response, g, request
from pydantic import BaseModel

from app.api.access import caller
from app.api.problems import Problem
from app.api.service import service
from app.services.ports import UnitOfWork
from app.services.replies import KeyedRequest, Reply

Result = TypeVar("Result")
# The draft's form is a quoted string; many clients send it bare. Both are the same key.
KEY: Final = re.compile(r'(?P<quote>"?)(?P<key>[A-Za-z0-9._:-]{1,255})(?P=quote)', re.ASCII)


def keyed(work: Callable[[UnitOfWork], Reply]) -> Response:
    """Do a keyed request's work once, or give the answer that it got before, marked as such."""
    asked = KeyedRequest(caller().client_id, _key(), _fingerprint())
    outcome = service().commands.once(asked, work)
    reply = outcome.reply
    response = Response(reply.body, reply.status, dict(reply.headers), content_type="application/json")
    if outcome.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def unkeyed(work: Callable[[UnitOfWork], Result]) -> Result:
    """Do work that needs no key, as it names the version that it changes."""
    return service().commands.run(work)


def read(work: Callable[[UnitOfWork], Result]) -> Result:
    """Read with one statement."""
    return service().commands.read(work)


def read_as_of_one_moment(work: Callable[[UnitOfWork], Result]) -> Result:
    """Read with several statements that must agree with each other."""
    return service().commands.read_as_of_one_moment(work)


def reply(status: int, document: BaseModel, *, borrower_id: UUID | None = None, **headers: str) -> Reply:
    """Make an answer that can be kept; headers are named with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, document.model_dump_json(by_alias=True), named, borrower_id)


def answer(document: BaseModel, **headers: str) -> Response:
    """Make an answer of a read; headers are named with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(document.model_dump_json(by_alias=True), HTTPStatus.OK, named, content_type="application/json")


def _key() -> str:
    values = request.headers.getlist("Idempotency-Key")
    if not values:
        detail = "Idempotency-Key: a key of this request's own is expected, the same when it is tried again."
        raise Problem(HTTPStatus.BAD_REQUEST, "idempotency_key_missing", detail)
    match = KEY.fullmatch(values[0]) if len(values) == 1 else None
    if match is None:
        detail = (
            "Idempotency-Key: one key of 1 to 255 letters, digits, dots, colons, hyphens or underscores is expected."
        )
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_idempotency_key", detail)
    return match["key"]


def _fingerprint() -> str:
    """Hash what makes it the same request: method, path, and the body whatever the order of its members."""
    canonical = json.dumps(g.get("document", {}), sort_keys=True, separators=(",", ":"))
    return sha256(f"{request.method} {request.path} {canonical}".encode()).hexdigest()
