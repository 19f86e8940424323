# SPDX-License-Identifier: Apache-2.0
"""Undoing the last payment."""

from dataclasses import replace
from datetime import date

import pytest

from app.domain.errors import Conflict, InvalidDate, InvalidStateTransition
from app.domain.ledger import Account
from app.domain.status import LoanStatus
from app.domain.transaction import Parts, TransactionKind
from tests.books import Books

FEB, MAR = date(2024, 2, 1), date(2024, 3, 1)


def balance(books: Books, account: Account) -> int:
    return sum(line.amount_minor for line in books.lines if line.account is account)


def test_a_repayment_is_taken_back_whole() -> None:
    books = Books.disbursed()
    books.fee(30, FEB)
    rows, loan = dict(books.rows), books.loan

    original = books.pay(1800, FEB)
    booked = books.reverse(original, MAR)

    assert (booked.kind, booked.parts, booked.reverses_id) == (TransactionKind.REVERSAL, original.parts, original.id)
    assert (booked.seq, booked.effective_on, booked.interest_rebate_minor) == (4, MAR, 0)
    assert books.rows == rows
    assert books.loan.outstanding_principal_minor == loan.outstanding_principal_minor
    assert (books.loan.next_due_on, books.loan.status) == (FEB, LoanStatus.ACTIVE)
    assert balance(books, Account.CASH) == -10_000
    assert balance(books, Account.INTEREST_INCOME) == balance(books, Account.FEE_INCOME) == 0


def test_only_the_last_payment_is_taken_back_of_two() -> None:
    books = Books.disbursed()
    books.pay(1000, FEB)
    after_first = dict(books.rows)

    books.reverse(books.pay(1500, FEB), FEB)

    assert books.rows == after_first


def test_a_payoff_is_taken_back_with_its_rebate() -> None:
    books = Books.disbursed()
    books.pay(1701, FEB)
    rows = dict(books.rows)

    original = books.pay(8381, date(2024, 2, 15))
    booked = books.reverse(original, date(2024, 2, 16))

    assert booked.interest_rebate_minor == 123
    assert books.rows == rows
    assert (books.loan.status, books.loan.closed_on) == (LoanStatus.ACTIVE, None)
    assert (books.loan.outstanding_principal_minor, books.loan.next_due_on) == (8357, MAR)


def test_a_recovery_is_taken_back() -> None:
    books = Books.disbursed()
    books.charge_off(date(2024, 6, 1))
    original = books.pay(700, date(2024, 7, 1))

    booked = books.reverse(original, date(2024, 7, 2))

    assert booked.parts == Parts(principal_minor=700)
    assert (books.loan.status, books.loan.recoverable_minor) == (LoanStatus.CHARGED_OFF, 10_000)
    assert books.loan.outstanding_principal_minor == 0
    assert balance(books, Account.RECOVERY_INCOME) == 0


def test_a_fee_in_between_does_not_stand_in_the_way() -> None:
    books = Books.disbursed()
    original = books.pay(1701, FEB)
    books.fee(100, FEB)

    books.reverse(original, FEB)

    assert [row.fee_minor for row in books.all_rows][:2] == [0, 100]
    assert books.loan.next_due_on == FEB


def test_an_earlier_payment_waits_for_the_later_one() -> None:
    books = Books.disbursed()
    first = books.pay(1000, FEB)
    second = books.pay(100, FEB)

    with pytest.raises(Conflict) as refused:
        books.reverse(first, FEB)
    books.reverse(second, FEB)
    books.reverse(first, FEB)

    assert refused.value.code == "not_the_last_payment"
    assert books.loan.outstanding_principal_minor == 10_000


def test_nothing_is_taken_back_twice() -> None:
    books = Books.disbursed()
    original = books.pay(1000, FEB)
    reversal = books.reverse(original, FEB)

    for again in (original, reversal, books.transactions[0]):
        with pytest.raises(Conflict):
            books.reverse(again, FEB)


def test_only_a_payment_is_taken_back() -> None:
    books = Books.disbursed()

    with pytest.raises(Conflict) as refused:
        books.reverse(books.transactions[0], FEB)

    assert refused.value.code == "not_reversible"


def test_a_payment_before_the_write_off_stays() -> None:
    books = Books.disbursed()
    original = books.pay(1701, FEB)
    books.charge_off(date(2024, 7, 1))

    with pytest.raises(Conflict):
        books.reverse(original, date(2024, 7, 1))


def test_it_has_its_date_and_status() -> None:
    books = Books.disbursed()
    original = books.pay(1000, FEB)

    with pytest.raises(InvalidDate):
        books.reverse(original, date(2024, 1, 31))
    books.loan = replace(books.loan, status=LoanStatus.REJECTED)
    with pytest.raises(InvalidStateTransition):
        books.reverse(original, FEB)
