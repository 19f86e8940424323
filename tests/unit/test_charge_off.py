# SPDX-License-Identifier: Apache-2.0
"""Writing a loan off, and what still comes in."""

from datetime import date

import pytest

from app.domain.errors import AmountExceedsDue, Conflict, InvalidDate, InvalidStateTransition
from app.domain.ledger import Account, LedgerLine
from app.domain.status import LoanStatus
from app.domain.transaction import Parts, TransactionKind
from tests.books import Books

FEB = date(2024, 2, 1)
LATE = date(2024, 5, 31)  # 120 days after FEB


def written_off() -> Books:
    books = Books.disbursed()
    books.pay(1701, FEB)
    books.charge_off(date(2024, 6, 29))  # 120 days after 1 March
    return books


def test_the_principal_becomes_an_expense() -> None:
    books = Books.disbursed()
    booked = books.charge_off(LATE)

    assert (booked.kind, booked.parts) == (TransactionKind.CHARGE_OFF, Parts(principal_minor=10_000))
    assert (books.loan.status, books.loan.charged_off_on) == (LoanStatus.CHARGED_OFF, LATE)
    assert (books.loan.outstanding_principal_minor, books.loan.recoverable_minor) == (0, 10_000)
    assert (books.loan.next_due_on, books.loan.version) == (None, 4)
    assert books.lines[2:] == [
        LedgerLine(Account.CHARGE_OFF_EXPENSE, 10_000),
        LedgerLine(Account.LOAN_PRINCIPAL, -10_000),
    ]


def test_a_loan_must_be_late_enough() -> None:
    with pytest.raises(Conflict) as refused:
        Books.disbursed().charge_off(date(2024, 5, 30))

    assert refused.value.code == "not_eligible_for_charge_off"


def test_it_has_its_date_and_status() -> None:
    books = Books.disbursed()
    with pytest.raises(InvalidDate):
        books.charge_off(date(2026, 3, 2))
    books.charge_off(LATE)
    with pytest.raises(InvalidStateTransition):
        books.charge_off(LATE)


def test_money_that_comes_in_later_is_a_recovery() -> None:
    books = written_off()

    booked = books.pay(1000, date(2024, 7, 1))

    assert (booked.kind, booked.parts) == (TransactionKind.RECOVERY, Parts(principal_minor=1000))
    assert (books.loan.status, books.loan.recoverable_minor) == (LoanStatus.CHARGED_OFF, 7357)
    assert books.loan.outstanding_principal_minor == 0
    assert books.lines[-2:] == [LedgerLine(Account.CASH, 1000), LedgerLine(Account.RECOVERY_INCOME, -1000)]


def test_no_more_than_was_written_off_is_recovered() -> None:
    books = written_off()
    books.pay(8356, date(2024, 7, 1))

    with pytest.raises(AmountExceedsDue) as refused:
        books.pay(2, date(2024, 7, 1))
    books.pay(1, date(2024, 7, 1))

    assert refused.value.members == {"max_regular_amount_minor": 1, "payoff_amount_minor": 1}
    assert books.loan.recoverable_minor == 0
