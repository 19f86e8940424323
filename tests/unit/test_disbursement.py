# SPDX-License-Identifier: Apache-2.0
"""Paying a loan out."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.domain import loan as lifecycle
from app.domain.disbursement import disburse
from app.domain.errors import InvalidDate, InvalidStateTransition, InvalidTerms, TermsNotAmortizable
from app.domain.ledger import Account, LedgerLine
from app.domain.loan import Loan
from app.domain.status import LoanStatus
from app.domain.transaction import Parts, Stamp, TransactionKind
from tests.books import NOON, Books, submitted

ON = date(2026, 2, 1)
STAMP = Books(submitted()).stamp()


def approved(**terms: int | str) -> Loan:
    return lifecycle.approve(submitted(**terms), "officer", NOON)  # type: ignore[arg-type]  # the test's own fields


def test_the_loan_becomes_active_with_its_schedule() -> None:
    posting = disburse(approved(), 10_000, ON, date(2026, 3, 1), STAMP)

    loan = posting.loan
    assert (loan.status, loan.version, loan.last_seq) == (LoanStatus.ACTIVE, 3, 1)
    assert (loan.disbursed_on, loan.first_due_on, loan.last_effective_on) == (ON, date(2026, 3, 1), ON)
    assert (loan.installment_minor, loan.outstanding_principal_minor) == (1701, 10_000)
    assert loan.next_due_on == date(2026, 3, 1)
    assert [row.due_on for row in posting.installments][-1] == date(2026, 8, 1)
    assert [row.n for row in posting.installments] == [1, 2, 3, 4, 5, 6]
    assert sum(row.principal_minor for row in posting.installments) == 10_000
    assert [row.opening_balance_minor for row in posting.installments][:2] == [10_000, 8357]
    assert [row.interest_minor for row in posting.installments][:2] == [58, 49]


def test_the_booking_moves_cash_into_principal() -> None:
    posting = disburse(approved(), 10_000, ON, date(2026, 3, 1), STAMP)

    booked = posting.transaction
    assert (booked.id, booked.loan_id, booked.seq, booked.kind) == (
        STAMP.transaction_id,
        posting.loan.id,
        1,
        TransactionKind.DISBURSEMENT,
    )
    assert (booked.parts, booked.effective_on, booked.posted_at) == (Parts(principal_minor=10_000), ON, NOON)
    assert (booked.reverses_id, booked.channel, booked.external_ref, booked.interest_rebate_minor) == (
        None,
        None,
        None,
        0,
    )
    assert posting.lines == (LedgerLine(Account.LOAN_PRINCIPAL, 10_000), LedgerLine(Account.CASH, -10_000))


def test_only_the_approved_amount_is_paid_out() -> None:
    with pytest.raises(InvalidTerms) as refused:
        disburse(approved(), 9_999, ON, date(2026, 3, 1), STAMP)

    [fault] = refused.value.faults
    assert (fault.field, fault.code) == ("amount_minor", "not_the_approved_amount")


def test_only_an_approved_loan_is_paid_out() -> None:
    with pytest.raises(InvalidStateTransition):
        disburse(submitted(), 10_000, ON, date(2026, 3, 1), STAMP)


@pytest.mark.parametrize(
    ("disbursed_on", "first_due_on", "field", "code"),
    [
        (STAMP.today + timedelta(days=1), STAMP.today + timedelta(days=30), "disbursed_on", "in_the_future"),
        (date(1999, 12, 31), date(2000, 1, 31), "disbursed_on", "out_of_range"),
        (ON, ON, "first_due_on", "out_of_range"),
        (ON, ON - timedelta(days=1), "first_due_on", "out_of_range"),
        (ON, ON + timedelta(days=63), "first_due_on", "out_of_range"),
    ],
)
def test_dates_that_cannot_be_are_refused(disbursed_on: date, first_due_on: date, field: str, code: str) -> None:
    with pytest.raises(InvalidDate) as refused:
        disburse(approved(), 10_000, disbursed_on, first_due_on, STAMP)

    [fault] = refused.value.faults
    assert (refused.value.code, fault.field, fault.code) == ("invalid_date", field, code)


@pytest.mark.parametrize("days", [1, 62])
def test_the_first_due_date_may_be_a_day_to_two_months_later(days: int) -> None:
    assert disburse(approved(), 10_000, ON, ON + timedelta(days=days), STAMP).loan.status is LoanStatus.ACTIVE


def test_the_calendar_of_a_loan_ends_before_dates_do() -> None:
    far = replace(STAMP, today=date(9999, 12, 31))

    assert disburse(approved(), 10_000, date(2150, 12, 31), date(2151, 1, 31), far).loan.status is LoanStatus.ACTIVE
    with pytest.raises(InvalidDate):
        disburse(approved(), 10_000, date(2151, 1, 1), date(2151, 1, 31), far)


def test_the_first_day_of_the_books_is_in() -> None:
    assert disburse(approved(), 10_000, date(2000, 1, 1), date(2000, 2, 1), STAMP).loan.disbursed_on == date(2000, 1, 1)


def test_terms_that_repay_nothing_are_refused() -> None:
    with pytest.raises(TermsNotAmortizable):
        disburse(approved(principal_minor=1, rate="5", months=12), 1, ON, date(2026, 3, 1), STAMP)


def test_a_stamp_shows_when_it_is() -> None:
    assert Stamp(STAMP.transaction_id, NOON, ON).today == ON
