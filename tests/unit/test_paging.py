# SPDX-License-Identifier: Apache-2.0
"""Cursors are ours or refused."""

from datetime import UTC, datetime

import pytest
from itsdangerous import URLSafeSerializer
from werkzeug.datastructures import MultiDict

from app.api.paging import Cursors, read_query
from app.api.problems import Problem
from app.services.ports import Position
from tests.factories import loan_id

POSITION = Position(datetime(2026, 3, 1, 12, 30, 15, 123456, UTC), loan_id(7))


def test_a_cursor_reads_back_to_the_microsecond() -> None:
    cursors = Cursors("key")

    assert cursors.read(cursors.write(POSITION)) == POSITION


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "x" * 10_000])
def test_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="invalid_cursor"):
        Cursors("key").read(text)


def test_a_cursor_of_another_key_is_refused() -> None:
    text = Cursors("other key").write(POSITION)

    with pytest.raises(Problem, match="invalid_cursor"):
        Cursors("key").read(text)


def test_a_cursor_with_one_bit_changed_is_refused() -> None:
    text = Cursors("key").write(POSITION)
    flipped = chr(ord(text[3]) ^ 1)

    with pytest.raises(Problem, match="invalid_cursor"):
        Cursors("key").read(text[:3] + flipped + text[4:])


def test_a_cursor_of_another_form_is_refused() -> None:
    older = URLSafeSerializer("key", salt="loans").dumps([0, "2026-03-01T12:00:00+00:00", str(loan_id(7))])

    with pytest.raises(Problem, match="invalid_cursor"):
        Cursors("key").read(str(older))


@pytest.mark.parametrize("limit", ["0", "-1", "101", "abc", "1e2", " 5", "٥", "", "1" * 5000])
def test_a_limit_outside_1_to_100_is_refused(limit: str) -> None:
    with pytest.raises(Problem, match="invalid_limit"):
        read_query(MultiDict({"limit": limit}))


@pytest.mark.parametrize("pairs", [[("sort", "id")], [("limit", "1"), ("limit", "2")], [("LIMIT", "1")]])
def test_an_unknown_or_repeated_parameter_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(Problem, match="invalid_query"):
        read_query(MultiDict(pairs))


def test_without_parameters_the_first_page_has_twenty() -> None:
    assert read_query(MultiDict()) == (20, None)
