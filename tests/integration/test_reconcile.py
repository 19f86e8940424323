# SPDX-License-Identifier: Apache-2.0
"""Each fault in the books is found and named; right books have none."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg2
import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from app.storage.migrate import migrate
from app.storage.reconcile import reconcile, reconcile_session
from app.storage.reconcile.checks import INVARIANTS
from app.storage.seed.copying import render
from app.storage.seed.load import copy_in, session
from stack.postgres import Postgres
from tests.ledger_books import LOANS, histories
from tests.ledger_faults import FAULTS, Fault, spoil

CODES = [f"I{number}" for number in range(1, 11)]
NOTHING = dict.fromkeys(CODES, 0)


@pytest.fixture(scope="module")
def books(postgres: Postgres) -> str:
    """Give the URL of a database with five loans whose books are right."""
    url = postgres.create("books")
    migrate(url)
    with session(url) as connection:
        copy_in(connection, render(histories()))
    return url


@pytest.fixture
def connection(books: str) -> Iterator[Connection]:
    """Give a connection on which the database's guards are off, and whose work is undone."""
    with create_engine(books, poolclass=NullPool).connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        connection.rollback()


def test_right_books_are_clean(connection: Connection) -> None:
    found = reconcile(connection)

    assert found.violations == NOTHING
    assert (found.examples, found.imbalance_minor, found.loans_checked) == ({}, {"EUR": 0, "JPY": 0}, 5)
    assert found.clean


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_is_named(connection: Connection, fault: Fault) -> None:
    spoil(connection, fault.statements)

    found = reconcile(connection)

    assert {code for code, count in found.violations.items() if count} == set(fault.breaks.split())
    assert set(found.examples) == set(fault.breaks.split())
    assert not found.clean


def test_every_invariant_has_a_fault_of_its_own() -> None:
    assert [invariant.code for invariant in INVARIANTS] == CODES
    assert {fault.breaks for fault in FAULTS} >= set(CODES)


def test_a_loan_is_counted_once_and_named(connection: Connection) -> None:
    spoil(connection, "UPDATE installment SET interest_minor = 1 WHERE loan_id = :lost")

    found = reconcile(connection)

    assert (found.violations["I2"], found.examples["I2"]) == (1, [LOANS["lost"]])


def test_no_more_than_ten_loans_are_named(connection: Connection) -> None:
    copies = (
        "INSERT INTO loan SELECT (jsonb_populate_record(loan, jsonb_build_object("
        "'id', gen_random_uuid(), 'external_ref', n, 'last_seq', 9))).* FROM loan, generate_series(1, 12) n"
        " WHERE id = :open"
    )
    spoil(connection, copies)

    found = reconcile(connection)

    assert found.violations == NOTHING | {"I10": 12}
    assert len(found.examples["I10"]) == 10


def test_differences_of_debits_and_credits_do_not_cancel_out(connection: Connection) -> None:
    cash = "UPDATE ledger_entry SET amount_minor = amount_minor {} WHERE account = 'cash' AND transaction_id = {{{}}}"
    spoil(connection, cash.format("+ 30", "repayment"))
    spoil(connection, cash.format("- 30", "reversal"))

    assert reconcile(connection).imbalance_minor == {"EUR": 60, "JPY": 0}


def test_only_the_loans_asked_for_are_looked_at(connection: Connection) -> None:
    spoil(connection, "UPDATE loan SET next_due_on = NULL WHERE id = :active")

    others = [loan_id for name, loan_id in LOANS.items() if name != "active"]

    assert reconcile(connection, loan_ids=others).clean
    assert reconcile(connection, loan_ids=others).loans_checked == 4
    assert reconcile(connection, loan_ids=[LOANS["active"]]).violations == NOTHING | {"I7": 1}
    assert reconcile(connection, loan_ids=[UUID(int=9)]).loans_checked == 0


def test_only_the_loans_that_changed_are_looked_at(connection: Connection) -> None:
    last = connection.execute(text("SELECT max(posted_at) FROM loan_transaction")).scalar_one()
    spoil(connection, "UPDATE loan SET last_seq = last_seq + 1 WHERE id IN (:active, :lost)")

    found = reconcile(connection, since=last)

    assert (found.loans_checked, found.examples) == (1, {"I10": [LOANS["lost"]]})
    assert reconcile(connection, since=last + timedelta(seconds=1)).loans_checked == 0
    assert reconcile(connection, since=last, loan_ids=[LOANS["active"]]).loans_checked == 0


def test_an_application_and_a_decision_are_changes(connection: Connection) -> None:
    spoil(connection, "UPDATE loan SET applied_at = '2026-11-01' WHERE id = :open")
    spoil(connection, "UPDATE loan SET decided_at = '2026-11-01' WHERE id = :refused")

    assert reconcile(connection, since=datetime(2026, 11, 1, tzinfo=UTC)).loans_checked == 2


def test_the_driver_s_connection_will_do(books: str, connection: Connection) -> None:
    with closing(psycopg2.connect(books.replace("+psycopg2", ""))) as plain:
        assert reconcile_session(plain) == reconcile(connection)
