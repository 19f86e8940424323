# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to a loan, in whatever order, its account stays right (I3 to I10, I12)."""

from collections.abc import Callable
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import LoanError, TermsNotAmortizable
from app.domain.ledger import Account
from app.domain.status import LoanStatus
from app.domain.transaction import REVERSIBLE, TransactionKind
from tests.books import STANDS, Books

OPERATIONS: dict[str, Callable[[Books, int, date], object]] = {
    "pay": lambda books, amount, on: books.pay(amount, on),
    "pay_installment": lambda books, _, on: (
        books.pay(books.unpaid[0].unpaid.amount_minor, on) if books.unpaid else None
    ),
    "pay_off": lambda books, _, on: books.pay(books.payoff(on).parts.amount_minor, on),
    "fee": lambda books, amount, on: books.fee(amount % 1000, on),
    "waive": lambda books, amount, on: books.waive(amount % 300, on),
    "charge_off": lambda books, _, on: books.charge_off(on),
    "reverse": lambda books, amount, on: books.reverse(
        books.transactions[-1 - amount % min(2, len(books.transactions))], on
    ),
}
STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 6000), st.integers(0, 40)), min_size=1, max_size=25
)


@given(
    principal=st.integers(100, 10**6),
    rate=st.sampled_from(["0", "5.5", "29.99"]),
    months=st.integers(1, 24),
    steps=STEPS,
)
def test_an_account_stays_right_whatever_happens(
    principal: int, rate: str, months: int, steps: list[tuple[str, int, int]]
) -> None:
    try:
        books = Books.disbursed(principal, rate, months)
    except TermsNotAmortizable:
        return
    on = date(2024, 1, 1)
    for name, amount, days in steps:
        on = min(on + timedelta(days=days), books.today)
        before = (books.loan, dict(books.rows), len(books.transactions))
        try:
            OPERATIONS[name](books, amount, on)
        except LoanError:
            assert (books.loan, books.rows, len(books.transactions)) == before
        require_right(books)


def require_right(books: Books) -> None:
    """Assert every invariant of an account that can be seen from its books."""
    require_parts(books)
    require_ledger(books)
    require_projections(books)


def signed(books: Books, kinds: set[TransactionKind], part: str) -> int:
    """Add up a part of the bookings of some kinds, reversals of them taken off."""
    of = {one.id: one.kind for one in books.transactions}
    return sum(
        (-1 if one.reverses_id else 1) * getattr(one.parts, part)
        for one in books.transactions
        if of[one.reverses_id or one.id] in kinds
    )


PAYMENTS = {TransactionKind.REPAYMENT, TransactionKind.PAYOFF}


def require_parts(books: Books) -> None:
    rows, loan = books.all_rows, books.loan
    assert sum(row.principal_minor for row in rows) == loan.terms.principal.amount_minor  # I1
    lowered = signed(books, PAYMENTS | {TransactionKind.CHARGE_OFF}, "principal_minor")
    assert loan.outstanding_principal_minor == loan.terms.principal.amount_minor - lowered >= 0  # I3
    for part, paid in (("principal_minor", "paid_principal_minor"), ("interest_minor", "paid_interest_minor"),
                       ("fee_minor", "paid_fee_minor")):  # fmt: skip
        assert sum(getattr(row, paid) for row in rows) == signed(books, PAYMENTS, part)  # I6
    for row in rows:
        assert min(vars(row.unpaid).values()) >= 0
        assert (row.paid_on is not None) == (row.unpaid.amount_minor == 0)
    for one in books.transactions:
        assert min(vars(one.parts).values()) >= 0  # I5
        assert one.parts.amount_minor >= 1


def require_ledger(books: Books) -> None:
    assert sum(line.amount_minor for line in books.lines) == 0  # I4
    principal = sum(line.amount_minor for line in books.lines if line.account is Account.LOAN_PRINCIPAL)
    assert principal == books.loan.outstanding_principal_minor
    assert all(line.amount_minor for line in books.lines)


def require_projections(books: Books) -> None:
    loan, unpaid = books.loan, books.unpaid
    settled = not unpaid
    assert (loan.status is LoanStatus.PAID_OFF) == (settled and loan.outstanding_principal_minor == 0)  # I7
    if loan.status is LoanStatus.ACTIVE:
        assert loan.next_due_on == unpaid[0].due_on
    else:
        assert loan.next_due_on is None
    reversed_ids = [one.reverses_id for one in books.transactions if one.reverses_id]
    assert len(reversed_ids) == len(set(reversed_ids))  # I9
    assert {one.kind for one in books.transactions if one.id in reversed_ids} <= REVERSIBLE <= STANDS
    assert [one.seq for one in books.transactions] == list(range(1, loan.last_seq + 1))  # I10
    assert loan.version == 2 + loan.last_seq
    assert (loan.closed_on is not None) == (loan.status is LoanStatus.PAID_OFF)


@given(
    principal=st.integers(100, 10**7),
    rate=st.sampled_from(["0", "0.5", "7", "29.99", "100"]),
    months=st.integers(1, 60),
    paid=st.integers(0, 3),
)
def test_a_payoff_never_gets_cheaper_and_meets_the_schedule_on_its_days(
    principal: int, rate: str, months: int, paid: int
) -> None:
    try:
        books = Books.disbursed(principal, rate, months)
    except TermsNotAmortizable:
        return
    for row in books.all_rows[: min(paid, months - 1)]:
        if row.due_on <= books.today:
            books.pay(row.unpaid.amount_minor, row.due_on)
    row = books.unpaid[0]
    starts = books.loan.last_effective_on or books.loan.disbursed_on
    assert starts is not None

    amounts = [
        books.payoff(starts + timedelta(days=day)).parts.amount_minor for day in range((row.due_on - starts).days + 1)
    ]

    assert amounts == sorted(amounts)  # I12
    assert amounts[0] == books.loan.outstanding_principal_minor
    assert amounts[-1] == books.loan.outstanding_principal_minor + row.interest_minor
