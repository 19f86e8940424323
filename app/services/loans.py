# SPDX-License-Identifier: Apache-2.0
"""The use cases around loans."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import LoanNotFound
from app.domain.events import LoanApplicationSubmitted
from app.domain.loan import Loan, LoanStatus
from app.domain.terms import LoanTerms
from app.services.ports import Clock, Position, Transactions


@dataclass(frozen=True)
class Application:
    """What an applicant asks for; its shape is checked, its meaning not yet."""

    borrower_id: UUID
    currency: str
    principal_minor: int
    annual_rate_percent: str
    term_months: int


@dataclass(frozen=True)
class Page:
    """Some loans, newest first, and where the next page begins; None on the last."""

    loans: tuple[Loan, ...]
    next_position: Position | None


@dataclass(frozen=True)
class LoanUseCases:
    """The use cases with what they need from outside."""

    transactions: Transactions
    clock: Clock
    new_id: Callable[[], UUID]

    def submit_application(self, application: Application) -> Loan:
        """Accept an application for a decision; raise InvalidTerms for terms that no loan can have."""
        terms = LoanTerms.of(
            currency=application.currency,
            principal_minor=application.principal_minor,
            annual_rate_percent=application.annual_rate_percent,
            term_months=application.term_months,
        )
        loan = Loan(self.new_id(), application.borrower_id, terms, LoanStatus.SUBMITTED, self.clock())
        with self.transactions() as transaction:
            transaction.loans.add(loan)
            transaction.commit(LoanApplicationSubmitted(loan.id, terms.principal.currency))
        return loan

    def get_loan(self, loan_id: UUID) -> Loan:
        """Give a loan; raise LoanNotFound if there is none."""
        with self.transactions() as transaction:
            loan = transaction.loans.find(loan_id)
        if loan is None:
            raise LoanNotFound
        return loan

    def list_loans(self, limit: int, after: Position | None) -> Page:
        """List up to `limit` loans behind a position, newest first."""
        with self.transactions() as transaction:
            # One more than asked for tells whether there is a next page; counting all would read all.
            found = tuple(transaction.loans.newest(limit + 1, after))
        page = found[:limit]
        has_more = len(found) > limit
        return Page(page, Position(page[-1].applied_at, page[-1].id) if has_more else None)
