# SPDX-License-Identifier: Apache-2.0
"""A cursor that the service did not sign is refused."""

from datetime import UTC, datetime

import pytest
from itsdangerous import URLSafeSerializer

from app.api.paging import Cursors
from app.api.problems import Problem
from app.services.ports import Position
from tests.factories import loan_id

POSITION = Position(datetime(2026, 3, 1, 12, 30, 15, 123456, UTC), loan_id(7))
LIST = "loans demo {}"


def test_a_cursor_reads_back_to_the_microsecond() -> None:
    cursors = Cursors("key")

    assert cursors.read_position(cursors.write_position(POSITION, LIST), LIST) == POSITION


def test_a_number_reads_back() -> None:
    cursors = Cursors("key")

    assert cursors.read_number(cursors.write_number(12, LIST), LIST) == 12


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "x" * 10_000])
def test_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="invalid_cursor"):
        Cursors("key").read_position(text, LIST)


def test_a_cursor_of_another_key_is_refused() -> None:
    text = Cursors("other key").write_position(POSITION, LIST)

    with pytest.raises(Problem, match="invalid_cursor"):
        Cursors("key").read_position(text, LIST)


def test_a_cursor_of_another_list_is_refused() -> None:
    text = Cursors("key").write_position(POSITION, LIST)

    with pytest.raises(Problem, match="invalid_cursor"):
        Cursors("key").read_position(text, "loans rival {}")


def test_a_cursor_with_one_bit_changed_is_refused() -> None:
    text = Cursors("key").write_position(POSITION, LIST)
    flipped = text[:3] + chr(ord(text[3]) ^ 1) + text[4:]

    with pytest.raises(Problem, match="invalid_cursor"):
        Cursors("key").read_position(flipped, LIST)


@pytest.mark.parametrize("document", [[1, LIST, "2026-03-01T12:30:15+00:00", str(loan_id(7))], [2], [], "text"])
def test_a_cursor_of_another_form_is_refused_though_it_is_signed(document: object) -> None:
    text = URLSafeSerializer("key", salt="cursor").dumps(document)

    with pytest.raises(Problem, match="invalid_cursor"):
        Cursors("key").read_position(text if isinstance(text, str) else text.decode(), LIST)
