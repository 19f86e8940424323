# SPDX-License-Identifier: Apache-2.0
"""Checks of every case: the exact answer, in the right form, without client input, and without a write."""

import re
from contextlib import closing
from typing import Any

import psycopg2
from sqlalchemy import create_engine

from app.storage.reconcile import Reconciliation, reconcile
from tests.bad_input.case import Case
from tests.bad_input.request import CANARY, Answer
from tests.bad_input.world import World
from tests.conftest import TABLES

MEMBERS = {"code", "detail", "errors", "instance", "status", "title", "trace_id", "type"}
# Of problems with further members; each is the service's own value.
MORE_MEMBERS = {
    "invalid_state_transition": {"current_status", "allowed_actions"},
    "amount_exceeds_due": {"max_regular_amount_minor", "payoff_amount_minor"},
}
TRACE_ID = re.compile(r"[0-9a-f]{32}")
SEEN = " UNION ALL ".join(
    f"SELECT '{table}', count(*), sum(hashtextextended(t::text, 0)) FROM {table} t"  # noqa: S608  # constants
    for table in TABLES.split(", ")
)


class Books:
    """All tables at a glance, so that a change of any row is seen."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._connection = psycopg2.connect(database_url.replace("+psycopg2", ""))
        self._connection.autocommit = True

    def seen(self) -> list[tuple[Any, ...]]:
        """Count the rows of each table, and hash them."""
        with self._connection.cursor() as cursor:
            cursor.execute(SEEN)
            return cursor.fetchall()

    def close(self) -> None:
        """Leave the database."""
        self._connection.close()

    def reconciled(self) -> Reconciliation:
        """Compare loans, schedules, transactions and ledger."""
        with closing(create_engine(self._url).connect()) as connection:
            return reconcile(connection)


def check(case: Case, world: World, books: Books, *, edge: bool) -> None:
    """Send the case's request and hold the answer against what it must be."""
    request = case.build(world)
    before = books.seen()

    answer = world.send(request)

    status, code = case.edge if edge and case.edge else (case.status, case.code)
    assert answer.status == status, answer
    assert CANARY not in "\n".join(f"{name}: {value}" for name, value in answer.headers)
    if code is not None:
        assert books.seen() == before
        _require_problem(answer, code, traced=edge and not (case.edge or case.edge_only))
        if case.member is not None and not (edge and case.edge):
            document = answer.document
            assert [fault["pointer"] for fault in document["errors"]] == [case.member and f"/{case.member}"], document
    if case.after is not None and not (edge and case.edge):
        case.after(world, request, answer)


def _require_problem(answer: Answer, code: str, *, traced: bool) -> None:
    assert answer.header("Content-Type") == "application/problem+json"
    document = answer.document
    assert document["code"] == code, document
    assert set(document) == MEMBERS | MORE_MEMBERS.get(code, set())
    assert document["status"] == answer.status
    assert document["title"]
    assert document["detail"]
    assert CANARY not in answer.body.decode()
    if traced:
        assert TRACE_ID.fullmatch(document["trace_id"])
    assert (answer.header("WWW-Authenticate") is not None) == (answer.status == 401)
    assert (answer.header("Allow") is not None) == (answer.status == 405)
