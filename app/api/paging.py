# SPDX-License-Identifier: Apache-2.0
"""Pages of a list: the signed cursor that contains the start of the next page."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from app.api.problems import Problem
from app.services.ports import Position

FORM: Final = 2  # raised when a cursor's content changes: older ones are refused, not misread


class Cursors:
    """Writes and reads cursors; signed, so that clients cannot construct them and depend on their form.

    `asked` identifies the list of a cursor, with its client and filters: the cursor is valid for no other list.
    """

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt="cursor")

    def write_position(self, position: Position, asked: str) -> str:
        """Write a place among loans as an opaque text."""
        return self._write([position.applied_at.isoformat(), str(position.loan_id)], asked)

    def read_position(self, text: str, asked: str) -> Position:
        """Read a place among loans; raise Problem for any other text."""
        applied_at, loan_id = self._read(text, asked)
        return Position(datetime.fromisoformat(applied_at), UUID(loan_id))

    def write_number(self, number: int, asked: str) -> str:
        """Write a place among numbered things as an opaque text."""
        return self._write([number], asked)

    def read_number(self, text: str, asked: str) -> int:
        """Read a place among numbered things; raise Problem for any other text."""
        [number] = self._read(text, asked)
        return int(number)

    def _write(self, place: Sequence[str | int], asked: str) -> str:
        text = self._serializer.dumps([FORM, asked, *place])
        return text if isinstance(text, str) else text.decode()

    def _read(self, text: str, asked: str) -> list[Any]:
        try:
            form, of, *place = self._serializer.loads(text)
        except (BadSignature, ValueError):
            form = of = None
        if (form, of) != (FORM, asked):
            detail = "cursor: the next_cursor of an earlier page of this list is expected."
            raise Problem(HTTPStatus.BAD_REQUEST, "invalid_cursor", detail)
        return list(place)
