# SPDX-License-Identifier: Apache-2.0
"""A lender's books in memory: a loan, its installments and its bookings, moved by the domain's own functions."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from app.domain import charge_off, disbursement, fees, loan, repayment, reversal
from app.domain.installment import Installment
from app.domain.ledger import LedgerLine
from app.domain.loan import Loan
from app.domain.money import Currency, Money
from app.domain.payoff import Payoff, payoff
from app.domain.posting import Posting
from app.domain.repayment import Received
from app.domain.repayment_channel import Channel
from app.domain.status import LoanStatus
from app.domain.terms import LoanTerms
from app.domain.transaction import Stamp, Transaction, TransactionKind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEW_YEAR = date(2024, 1, 1)
STANDS = {
    TransactionKind.DISBURSEMENT,
    TransactionKind.REPAYMENT,
    TransactionKind.PAYOFF,
    TransactionKind.CHARGE_OFF,
    TransactionKind.RECOVERY,
}


def submitted(
    principal_minor: int = 10_000, rate: str = "7", months: int = 6, currency: Currency = Currency.EUR
) -> Loan:
    """Make up an application."""
    return Loan(
        id=UUID(int=1),
        client_id="demo",
        borrower_id=UUID(int=2),
        terms=LoanTerms(Money(principal_minor, currency), Decimal(rate), months),
        status=LoanStatus.SUBMITTED,
        submitted_by="applicant",
        applied_at=NOON,
    )


@dataclass
class Books:
    """One loan as a lender sees it."""

    loan: Loan
    rows: dict[int, Installment] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    lines: list[LedgerLine] = field(default_factory=list)
    today: date = date(2026, 3, 1)

    @classmethod
    def disbursed(
        cls,
        principal_minor: int = 10_000,
        rate: str = "7",
        months: int = 6,
        on: date = NEW_YEAR,
        first_due_on: date = date(2024, 2, 1),
    ) -> Self:
        """Open the books of an active loan; by default 100 EUR at 7 % over 6 months, as case S03."""
        books = cls(loan.approve(submitted(principal_minor, rate, months), "officer", NOON))
        books.book(disbursement.disburse(books.loan, principal_minor, on, first_due_on, books.stamp()))
        return books

    @property
    def unpaid(self) -> list[Installment]:
        """List what is not settled, oldest first, as the storage does."""
        return [row for _, row in sorted(self.rows.items()) if row.paid_on is None]

    @property
    def all_rows(self) -> list[Installment]:
        """List all installments, oldest first."""
        return [row for _, row in sorted(self.rows.items())]

    def stamp(self) -> Stamp:
        """Give the next booking its id."""
        return Stamp(UUID(int=1000 + len(self.transactions)), NOON, self.today)

    def book(self, posting: Posting) -> Transaction:
        """Write a posting down."""
        self.loan = posting.loan
        self.rows |= {row.n: row for row in posting.installments}
        self.transactions.append(posting.transaction)
        self.lines += posting.lines
        return posting.transaction

    def pay(self, amount_minor: int, on: date, **more: object) -> Transaction:
        """Book a borrower's money."""
        received = Received(Money(amount_minor, self.loan.currency), on, Channel.CARD)
        received = replace(received, **more)  # type: ignore[arg-type]  # the test's own fields
        return self.book(repayment.repay(self.loan, self.unpaid, received, self.stamp()))

    def payoff(self, on: date) -> Payoff:
        """Return the payoff amount."""
        return payoff(self.loan, self.unpaid, on)

    def fee(self, amount_minor: int, on: date) -> Transaction:
        """Add a fee."""
        return self._fee(fees.assess_fee, amount_minor, on)

    def waive(self, amount_minor: int, on: date) -> Transaction:
        """Forgive a fee."""
        return self._fee(fees.waive_fee, amount_minor, on)

    def charge_off(self, on: date) -> Transaction:
        """Write the loan off."""
        return self.book(charge_off.charge_off(self.loan, on, self.stamp()))

    def reverse(self, original: Transaction, on: date) -> Transaction:
        """Undo a payment."""
        posting = reversal.reverse(
            self.loan, self.all_rows, original, self.last_standing_id, effective_on=on, stamp=self.stamp()
        )
        return self.book(posting)

    @property
    def last_standing_id(self) -> UUID | None:
        """Give the last booking of principal that was not reversed, as the storage does."""
        reversed_ids = {transaction.reverses_id for transaction in self.transactions}
        standing = [one.id for one in self.transactions if one.kind in STANDS and one.id not in reversed_ids]
        return standing[-1] if standing else None

    def _fee(self, change: Callable[..., Posting], amount_minor: int, on: date) -> Transaction:
        money = Money(amount_minor, self.loan.currency)
        return self.book(change(self.loan, self.unpaid, money, on, self.stamp()))
