# SPDX-License-Identifier: Apache-2.0
"""Money from a borrower: what it pays, and what is refused."""

from datetime import date, timedelta

import pytest

from app.domain.errors import AmountExceedsDue, CurrencyMismatch, InvalidDate, InvalidStateTransition, InvalidTerms
from app.domain.installment import next_due_on
from app.domain.ledger import Account, LedgerLine
from app.domain.money import Currency, Money
from app.domain.payoff import max_regular_amount_minor
from app.domain.repayment_channel import Channel
from app.domain.status import LoanStatus
from app.domain.transaction import Parts, TransactionKind
from tests.books import Books

FEB, MAR, APR = date(2024, 2, 1), date(2024, 3, 1), date(2024, 4, 1)


def test_an_installment_is_paid_by_its_amount() -> None:
    books = Books.disbursed()

    booked = books.pay(1701, FEB, external_ref="transfer-1")

    assert (booked.kind, booked.parts) == (TransactionKind.REPAYMENT, Parts(1643, 58, 0))
    assert (booked.seq, booked.effective_on, booked.channel, booked.external_ref) == (
        2,
        FEB,
        Channel.CARD,
        "transfer-1",
    )
    assert (books.rows[1].paid_on, books.rows[2].paid_on) == (FEB, None)
    assert (books.loan.outstanding_principal_minor, books.loan.next_due_on) == (8357, MAR)
    assert (books.loan.status, books.loan.closed_on) == (LoanStatus.ACTIVE, None)
    assert (books.loan.last_seq, books.loan.last_effective_on, books.loan.version) == (2, FEB, 4)
    assert books.lines[2:] == [
        LedgerLine(Account.CASH, 1701),
        LedgerLine(Account.LOAN_PRINCIPAL, -1643),
        LedgerLine(Account.INTEREST_INCOME, -58),
    ]


def test_a_fee_is_paid_before_interest_and_interest_before_principal() -> None:
    books = Books.disbursed()
    books.fee(30, FEB)

    assert books.pay(20, FEB).parts == Parts(fee_minor=20)
    assert books.pay(15, FEB).parts == Parts(fee_minor=10, interest_minor=5)
    assert books.pay(60, FEB).parts == Parts(interest_minor=53, principal_minor=7)
    assert books.lines[-1] == LedgerLine(Account.INTEREST_INCOME, -53)
    assert LedgerLine(Account.FEE_INCOME, -20) in books.lines


def test_the_oldest_installment_is_paid_first() -> None:
    books = Books.disbursed()

    books.pay(1702, MAR)

    assert books.rows[1].paid_on == MAR
    assert books.rows[2].paid_interest_minor == 1
    assert books.rows[2].paid_principal_minor == 0


def test_one_cent_short_is_not_paid() -> None:
    books = Books.disbursed()

    books.pay(1700, FEB)

    assert books.rows[1].paid_on is None
    assert books.rows[1].unpaid == Parts(principal_minor=1)
    assert books.loan.next_due_on == FEB


def test_what_is_due_and_the_next_installment_can_be_paid() -> None:
    books = Books.disbursed()

    assert max_regular_amount_minor(books.unpaid, date(2024, 1, 15)) == 1701
    assert max_regular_amount_minor(books.unpaid, FEB - timedelta(days=1)) == 1701
    assert max_regular_amount_minor(books.unpaid, FEB) == 3402
    assert max_regular_amount_minor(books.unpaid, date(2030, 1, 1)) == 10_205
    books.pay(3402, FEB)
    assert books.loan.next_due_on == APR


def test_more_than_that_is_refused_with_what_could_be_paid() -> None:
    books = Books.disbursed()

    with pytest.raises(AmountExceedsDue) as refused:
        books.pay(3403, FEB)

    assert refused.value.members == {"max_regular_amount_minor": 3402, "payoff_amount_minor": 10_058}
    assert refused.value.code == "amount_exceeds_due"
    assert [fault.field for fault in refused.value.faults] == ["amount_minor"]
    assert books.loan.last_seq == 1


def test_the_exact_payoff_ends_the_loan_and_spares_interest() -> None:
    books = Books.disbursed()
    books.pay(1701, FEB)

    booked = books.pay(8381, date(2024, 2, 15))

    assert (booked.kind, booked.parts, booked.interest_rebate_minor) == (TransactionKind.PAYOFF, Parts(8357, 24), 123)
    assert (books.loan.status, books.loan.closed_on) == (LoanStatus.PAID_OFF, date(2024, 2, 15))
    assert (books.loan.outstanding_principal_minor, books.loan.next_due_on) == (0, None)
    assert books.unpaid == []
    assert sum(row.rebated_interest_minor for row in books.all_rows) == 123
    assert [row.paid_on for row in books.all_rows][1:] == [date(2024, 2, 15)] * 5
    assert sum(line.amount_minor for line in books.lines if line.account is Account.LOAN_PRINCIPAL) == 0


def test_the_last_regular_installment_ends_the_loan_too() -> None:
    books = Books.disbursed()
    for month in range(2, 7):
        books.pay(1701, date(2024, month, 1))

    booked = books.pay(1700, date(2024, 6, 15))

    assert (booked.kind, booked.interest_rebate_minor) == (TransactionKind.REPAYMENT, 0)
    assert (books.loan.status, books.loan.closed_on) == (LoanStatus.PAID_OFF, date(2024, 6, 15))


def test_an_interest_free_last_installment_is_a_payoff_without_rebate() -> None:
    books = Books.disbursed(1000, "0", 1)

    booked = books.pay(1000, FEB)

    assert (booked.kind, booked.interest_rebate_minor) == (TransactionKind.PAYOFF, 0)


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_no_payment(amount: int) -> None:
    with pytest.raises(InvalidTerms) as refused:
        Books.disbursed().pay(amount, FEB)

    assert [(fault.field, fault.code) for fault in refused.value.faults] == [("amount_minor", "out_of_range")]


def test_one_minor_unit_is_a_payment() -> None:
    assert Books.disbursed().pay(1, FEB).parts == Parts(interest_minor=1)


def test_another_currency_is_refused() -> None:
    with pytest.raises(CurrencyMismatch) as refused:
        Books.disbursed().pay(1701, FEB, money=Money(1701, Currency.USD))

    assert refused.value.code == "currency_mismatch"
    assert [fault.field for fault in refused.value.faults] == ["currency"]


@pytest.mark.parametrize(
    ("on", "code"),
    [(date(2026, 3, 2), "in_the_future"), (date(2023, 12, 31), "before_disbursement")],
)
def test_a_day_outside_the_loan_is_refused(on: date, code: str) -> None:
    with pytest.raises(InvalidDate) as refused:
        Books.disbursed().pay(100, on)

    assert [(fault.field, fault.code) for fault in refused.value.faults] == [("effective_on", code)]


def test_time_does_not_run_backwards_on_an_account() -> None:
    books = Books.disbursed()
    books.pay(100, FEB)

    books.pay(100, FEB)
    with pytest.raises(InvalidDate) as refused:
        books.pay(100, FEB - timedelta(days=1))

    assert [fault.code for fault in refused.value.faults] == ["before_last_transaction"]


def test_today_is_not_in_the_future() -> None:
    books = Books.disbursed()

    assert books.pay(100, books.today).effective_on == books.today


def test_a_loan_that_is_not_active_takes_no_money() -> None:
    books = Books.disbursed()
    books.pay(10_000, date(2024, 1, 1))

    with pytest.raises(InvalidStateTransition):
        books.pay(1, FEB)


def test_nothing_is_next_when_all_is_paid() -> None:
    assert next_due_on([]) is None
