# SPDX-License-Identifier: Apache-2.0
"""The read-only use cases of loans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.domain.errors import InvalidDate, LoanNotFound, TransactionNotFound
from app.domain.events import PayoffQuoted
from app.domain.installment import Installment
from app.domain.loan import Loan
from app.domain.payoff import Payoff, payoff
from app.domain.statement import Statement, statement_of
from app.domain.status import Action, require_allowed
from app.domain.transaction import Transaction
from app.services.actor import Actor
from app.services.ports import EventSink, LoanFilter, Position, UnitOfWork

ALL = 100_000  # bookings of one loan: 600 installments, paid in parts, are far fewer


@dataclass(frozen=True)
class Page:
    """Some loans, in order, and where the next page begins; None on the last."""

    loans: tuple[Loan, ...]
    next_position: Position | None


@dataclass(frozen=True)
class TransactionPage:
    """Some bookings of a loan, in order, and the number behind which the next page begins; None on the last."""

    loan: Loan
    transactions: tuple[Transaction, ...]
    next_seq: int | None


@dataclass(frozen=True)
class Inquiries:
    """The questions, with what they need from outside."""

    publish: EventSink

    def loan(self, transaction: UnitOfWork, actor: Actor, loan_id: UUID) -> Loan:
        """Give a loan; raise LoanNotFound if the client has no such loan."""
        loan = transaction.loans.find(actor.client_id, loan_id)
        if loan is None:
            raise LoanNotFound
        return loan

    def loans(self, transaction: UnitOfWork, wanted: LoanFilter, limit: int, after: Position | None) -> Page:
        """List up to `limit` loans behind a position."""
        # One more than the limit shows whether there is a next page; counting all would read all.
        found = tuple(transaction.loans.page(wanted, limit + 1, after))
        page = found[:limit]
        return Page(page, Position(page[-1].applied_at, page[-1].id) if len(found) > limit else None)

    def schedule(self, transaction: UnitOfWork, actor: Actor, loan_id: UUID) -> tuple[Loan, Sequence[Installment]]:
        """Give a loan and its installments; none before it is disbursed."""
        loan = self.loan(transaction, actor, loan_id)
        return loan, transaction.accounts.installments(loan_id)

    def transactions(
        self, transaction: UnitOfWork, actor: Actor, loan_id: UUID, limit: int, after_seq: int
    ) -> TransactionPage:
        """List up to `limit` bookings of a loan behind a number."""
        loan = self.loan(transaction, actor, loan_id)
        found = tuple(transaction.accounts.transactions(loan_id, limit + 1, after_seq))
        page = found[:limit]
        return TransactionPage(loan, page, page[-1].seq if len(found) > limit else None)

    def transaction(
        self, transaction: UnitOfWork, actor: Actor, loan_id: UUID, transaction_id: UUID
    ) -> tuple[Loan, Transaction]:
        """Give a booking of a loan; raise TransactionNotFound if there is none."""
        loan = self.loan(transaction, actor, loan_id)
        found = transaction.accounts.find(loan_id, transaction_id)
        if found is None:
            raise TransactionNotFound
        return loan, found

    def payoff(self, transaction: UnitOfWork, actor: Actor, loan_id: UUID, as_of: date) -> tuple[Loan, Payoff]:
        """Compute the payoff amount of a day; locks nothing, so a repayment in between makes it stale."""
        loan = self.loan(transaction, actor, loan_id)
        require_allowed(loan.status, Action.QUOTE_PAYOFF)
        if loan.disbursed_on and as_of < loan.disbursed_on:
            raise InvalidDate("as_of", "before_disbursement", "The day of the disbursement or a later one is expected.")
        quoted = payoff(loan, transaction.accounts.unpaid(loan_id), as_of)
        self.publish(PayoffQuoted(loan_id, loan.currency))
        return loan, quoted

    def statement(
        self, transaction: UnitOfWork, actor: Actor, loan_id: UUID, first: date, last: date
    ) -> tuple[Loan, Statement]:
        """Give a loan's statement of the days from `first` to `last`."""
        loan = self.loan(transaction, actor, loan_id)
        return loan, statement_of(transaction.accounts.transactions(loan_id, ALL, 0), first, last)
