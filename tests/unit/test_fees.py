# SPDX-License-Identifier: Apache-2.0
"""Fees: added, paid, forgiven."""

from dataclasses import replace
from datetime import date

import pytest

from app.domain.errors import CurrencyMismatch, InvalidDate, InvalidStateTransition, InvalidTerms
from app.domain.fees import assess_fee, waive_fee
from app.domain.money import Currency, Money
from app.domain.status import LoanStatus
from app.domain.transaction import Parts, TransactionKind
from tests.books import Books

FEB, MAR = date(2024, 2, 1), date(2024, 3, 1)


def test_a_fee_is_owed_with_the_oldest_unpaid_installment() -> None:
    books = Books.disbursed()
    books.pay(1701, FEB)

    booked = books.fee(500, MAR)

    assert (booked.kind, booked.parts, booked.effective_on) == (TransactionKind.FEE, Parts(fee_minor=500), MAR)
    assert [row.fee_minor for row in books.all_rows] == [0, 500, 0, 0, 0, 0]
    assert (books.loan.version, books.loan.last_seq, books.loan.last_effective_on) == (5, 3, MAR)
    assert books.loan.outstanding_principal_minor == 8357


def test_two_fees_add_up() -> None:
    books = Books.disbursed()
    books.fee(500, FEB)
    books.fee(200, FEB)

    assert books.rows[1].unpaid.fee_minor == 700


def test_all_unpaid_installments_are_handed_back_in_their_order() -> None:
    books = Books.disbursed()
    books.pay(1701, FEB)

    posting = assess_fee(books.loan, books.unpaid, Money(500, Currency.EUR), MAR, books.stamp())

    assert [row.n for row in posting.installments] == [2, 3, 4, 5, 6]


def test_no_money_moves_until_it_is_paid() -> None:
    books = Books.disbursed()
    before = list(books.lines)

    books.fee(500, FEB)
    books.waive(500, FEB)

    assert books.lines == before


def test_a_waiver_forgives_the_newest_first() -> None:
    books = Books.disbursed()
    books.fee(500, FEB)
    books.pay(500 + 1701, FEB)
    books.fee(300, MAR)

    booked = books.waive(100, MAR)

    assert (booked.kind, booked.parts) == (TransactionKind.FEE_WAIVER, Parts(fee_minor=100))
    assert (booked.effective_on, books.loan.last_effective_on) == (MAR, MAR)
    assert [row.fee_minor for row in books.all_rows] == [500, 200, 0, 0, 0, 0]


def test_a_waiver_takes_from_several_installments() -> None:
    books = Books.disbursed()
    books.fee(500, FEB)
    books.rows[2] = replace(books.rows[2], fee_minor=40)  # as an older service booked it

    books.waive(100, FEB)

    assert [row.fee_minor for row in books.all_rows] == [440, 0, 0, 0, 0, 0]


def test_only_what_is_unpaid_can_be_forgiven() -> None:
    books = Books.disbursed()
    books.fee(500, FEB)
    books.pay(200, FEB)

    with pytest.raises(InvalidTerms) as refused:
        books.waive(301, FEB)
    books.waive(300, FEB)

    assert [(fault.field, fault.code) for fault in refused.value.faults] == [("amount_minor", "out_of_range")]
    assert books.rows[1].unpaid.fee_minor == 0


@pytest.mark.parametrize("amount", [0, -1, 10**12 + 1])
def test_a_fee_is_an_amount(amount: int) -> None:
    with pytest.raises(InvalidTerms):
        Books.disbursed().fee(amount, FEB)


def test_the_smallest_and_the_largest_fee_are_fees() -> None:
    assert Books.disbursed().fee(1, FEB).parts.fee_minor == 1
    assert Books.disbursed().fee(10**12, FEB).parts.fee_minor == 10**12


def test_a_waiver_leaves_what_else_is_due() -> None:
    books = Books.disbursed()
    books.fee(50, FEB)

    books.waive(50, MAR)

    assert (books.loan.status, books.loan.next_due_on, books.loan.closed_on) == (LoanStatus.ACTIVE, FEB, None)
    assert books.rows[1].paid_on is None


@pytest.mark.parametrize("change", [assess_fee, waive_fee])
def test_another_currency_another_day_or_another_status_is_refused(change: object) -> None:
    books = Books.disbursed()
    books.fee(100, FEB)
    loan, unpaid, stamp = books.loan, books.unpaid, books.stamp()

    with pytest.raises(CurrencyMismatch):
        change(loan, unpaid, Money(10, Currency.USD), FEB, stamp)  # type: ignore[operator]  # a function
    with pytest.raises(InvalidDate):
        change(loan, unpaid, Money(10, Currency.EUR), date(2024, 1, 31), stamp)  # type: ignore[operator]
    books.pay(books.payoff(FEB).parts.amount_minor, FEB)
    with pytest.raises(InvalidStateTransition):
        change(books.loan, unpaid, Money(10, Currency.EUR), FEB, stamp)  # type: ignore[operator]
