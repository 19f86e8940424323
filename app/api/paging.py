# SPDX-License-Identifier: Apache-2.0
"""Pages of a list: the query parameters, and the signed cursor that says where the next page begins."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.datastructures import MultiDict

from app.api.problems import Problem
from app.services.ports import Position

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 100
FORM = 1  # raised when a cursor's content changes: older ones are refused, not misread


class Cursors:
    """Writes and reads cursors; signed, so that a client cannot make one up and come to depend on its form."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt="loans")

    def write(self, position: Position) -> str:
        """Write a position as an opaque text."""
        text = self._serializer.dumps([FORM, position.applied_at.isoformat(), str(position.loan_id)])
        return text if isinstance(text, str) else text.decode()

    def read(self, text: str) -> Position:
        """Read a cursor of ours; raise Problem for any other."""
        try:
            form, applied_at, loan_id = self._serializer.loads(text)
        except (BadSignature, ValueError):
            form = None
        if form != FORM:
            detail = "cursor: the next_cursor of an earlier page is expected."
            raise Problem(HTTPStatus.BAD_REQUEST, "invalid_cursor", detail)
        return Position(datetime.fromisoformat(applied_at), UUID(loan_id))


def read_query(arguments: MultiDict[str, str]) -> tuple[int, str | None]:
    """Read limit and cursor; raise Problem for a bad limit, and for a parameter that is unknown or repeated."""
    known = {"limit", "cursor"}
    if set(arguments) - known or any(len(arguments.getlist(name)) > 1 for name in known):
        detail = "Only limit and cursor are expected, each once."
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_query", detail)
    limit = arguments.get("limit", str(DEFAULT_LIMIT))
    # isdigit() alone would take digits of other scripts; the length keeps int() cheap.
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= LARGEST_LIMIT):  # noqa: PLR2004  # digits of the largest
        detail = f"limit: a whole number from 1 to {LARGEST_LIMIT} is expected."
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_limit", detail)
    return int(limit), arguments.get("cursor")
