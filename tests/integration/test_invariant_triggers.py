# SPDX-License-Identifier: Apache-2.0
"""What the database refuses from every writer: changed bookings, lines that don't balance, duplicates."""

from collections.abc import Iterator

import psycopg2
import pytest
from psycopg2 import errors

from app.storage.seed.copying import render
from app.storage.seed.load import copy_in, session
from tests.conftest import execute
from tests.ledger_books import LOANS, histories

ACTIVE = LOANS["active"]
LINE = "INSERT INTO ledger_entry VALUES {}"
FEE = f"(SELECT id FROM loan_transaction WHERE loan_id = '{ACTIVE}' AND kind = 'fee' LIMIT 1)"  # noqa: S608  # constants
COPY_OF = (
    "INSERT INTO loan_transaction SELECT (jsonb_populate_record(t, jsonb_build_object({}))).* FROM loan_transaction t"
)
NEW_ID = "'id', gen_random_uuid()"


@pytest.fixture
def books(database: str) -> str:
    """Give the URL of a database with five loans whose books are right."""
    with session(database) as connection:
        copy_in(connection, render(histories()))
    return database


@pytest.fixture
def cursor(books: str) -> Iterator[psycopg2.extensions.cursor]:
    """Give a cursor in a transaction that is undone."""
    with session(books) as connection, connection.cursor() as cursor:
        yield cursor
        connection.rollback()


@pytest.mark.parametrize("table", ["loan_transaction", "ledger_entry"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_is_booked_can_only_be_added_to(books: str, table: str, change: str) -> None:
    rows = f"SELECT count(*), sum(amount_minor) FROM {table}"  # noqa: S608  # the tables are listed above
    before = execute(books, rows)

    with pytest.raises(errors.RestrictViolation, match="is append-only"):
        execute(books, change.format(table, "amount_minor", "amount_minor"))

    assert execute(books, rows) == before


def test_a_change_that_meets_no_row_is_refused_as_well(books: str) -> None:
    with pytest.raises(errors.RestrictViolation):
        execute(books, "DELETE FROM loan_transaction WHERE seq = 4711")


@pytest.mark.parametrize(
    "lines",
    [
        "({fee}, 'cash', 'EUR', 5)",
        "({fee}, 'cash', 'EUR', 5), ({fee}, 'fee_income', 'EUR', -4)",
        "({fee}, 'cash', 'EUR', 5), ({fee}, 'fee_income', 'USD', -5)",
    ],
    ids=["one line", "a cent short", "two currencies"],
)
def test_lines_that_do_not_add_up_to_zero_are_refused(cursor: psycopg2.extensions.cursor, lines: str) -> None:
    with pytest.raises(errors.CheckViolation, match="do not add up to zero"):
        cursor.execute(LINE.format(lines.format(fee=FEE)))


def test_lines_that_add_up_are_taken_but_none_may_follow_alone(cursor: psycopg2.extensions.cursor) -> None:
    cursor.execute(LINE.format(f"({FEE}, 'cash', 'EUR', 5), ({FEE}, 'fee_income', 'EUR', -5)"))

    with pytest.raises(errors.CheckViolation):
        cursor.execute(LINE.format(f"({FEE}, 'interest_income', 'EUR', 1)"))


def test_one_wrong_transaction_among_many_is_found(books: str) -> None:
    wrong = histories()
    posting = wrong[1].story.postings[0]
    object.__setattr__(posting, "lines", posting.lines[:1])
    execute(books, "SET session_replication_role = replica; TRUNCATE loan, borrower CASCADE")

    with session(books) as connection, pytest.raises(errors.CheckViolation):
        copy_in(connection, render(wrong))

    assert execute(books, "SELECT count(*) FROM loan") == [(0,)]


@pytest.mark.parametrize(
    ("changes", "where", "constraint"),
    [
        (f"{NEW_ID}, 'seq', 99", "kind = 'disbursement'", "uq_loan_transaction_one_disbursement"),
        (f"{NEW_ID}, 'kind', 'fee'", "kind = 'disbursement'", "uq_loan_transaction_loan_id_seq"),
        (f"{NEW_ID}, 'seq', 99 + seq", "kind = 'reversal'", "uq_loan_transaction_reverses_id"),
        (f"{NEW_ID}, 'seq', 99, 'kind', 'fee'", "kind = 'reversal'", "ck_loan_transaction_only_a_reversal_reverses"),
        (f"{NEW_ID}, 'seq', 99, 'amount_minor', 1", "kind = 'fee'", "ck_loan_transaction_parts_add_up"),
        (
            f"{NEW_ID}, 'seq', 99, 'principal_minor', -1, 'interest_minor', 1",
            "kind = 'fee'",
            "ck_loan_transaction_parts_not_negative",
        ),
        (f"{NEW_ID}, 'seq', 99, 'kind', 'gift'", "kind = 'fee'", "ck_loan_transaction_kind_is_known"),
    ],
)
def test_what_cannot_be_booked(cursor: psycopg2.extensions.cursor, changes: str, where: str, constraint: str) -> None:
    with pytest.raises(psycopg2.IntegrityError) as refused:
        cursor.execute(f"{COPY_OF.format(changes)} WHERE loan_id = '{ACTIVE}' AND {where} LIMIT 1")

    assert refused.value.diag.constraint_name == constraint


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("UPDATE loan SET outstanding_principal_minor = -1", "ck_loan_outstanding_in_range"),
        ("UPDATE loan SET recoverable_minor = principal_minor + 1", "ck_loan_recoverable_in_range"),
        ("UPDATE loan SET outstanding_principal_minor = 1", "ck_loan_only_active_owes"),
        ("UPDATE loan SET status = 'paid' WHERE status = 'submitted'", "ck_loan_status_is_known"),
        ("UPDATE installment SET paid_principal_minor = principal_minor + 1", "ck_installment_paid_principal_in_range"),
        ("UPDATE installment SET paid_interest_minor = -1", "ck_installment_paid_interest_in_range"),
        ("UPDATE installment SET rebated_interest_minor = interest_minor + 1", "ck_installment_paid_interest_in_range"),
        ("UPDATE installment SET paid_fee_minor = fee_minor + 1", "ck_installment_paid_fee_in_range"),
        ("UPDATE installment SET principal_minor = 0, paid_principal_minor = 0", "ck_installment_parts_in_range"),
        ("UPDATE borrower SET full_name = NULL", "ck_borrower_known_by_name"),
        ("UPDATE borrower SET erased_at = now()", "ck_borrower_erased_means_empty"),
    ],
)
def test_what_no_row_can_express(cursor: psycopg2.extensions.cursor, change: str, constraint: str) -> None:
    with pytest.raises(errors.CheckViolation) as refused:
        cursor.execute(change)

    assert refused.value.diag.constraint_name == constraint
