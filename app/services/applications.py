# SPDX-License-Identifier: Apache-2.0
"""The use cases of an application: submit it, decide on it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain import loan as lifecycle
from app.domain.borrower import require_not_erased
from app.domain.errors import BorrowerNotFound, Conflict
from app.domain.events import LoanApplicationSubmitted, LoanDecided
from app.domain.loan import Loan
from app.domain.schedule import build_schedule
from app.domain.status import Decision, LoanStatus, RejectReason
from app.domain.terms import LoanTerms
from app.services.actor import Actor, Target
from app.services.ports import Clock, NewId, Taken, UnitOfWork


@dataclass(frozen=True)
class Application:
    """A requested loan; its form is checked, its meaning not yet."""

    borrower_id: UUID
    currency: str
    principal_minor: int
    annual_rate_percent: str
    term_months: int
    external_ref: str | None = None


@dataclass(frozen=True)
class Applications:
    """The use cases with what they need from outside."""

    clock: Clock
    new_id: NewId

    def submit(self, transaction: UnitOfWork, actor: Actor, application: Application) -> Loan:
        """Accept an application for a decision; raise InvalidTerms for terms that no loan can have."""
        terms = LoanTerms.of(
            currency=application.currency,
            principal_minor=application.principal_minor,
            annual_rate_percent=application.annual_rate_percent,
            term_months=application.term_months,
        )
        now = self.clock()
        build_schedule(terms, now.date())  # whether they amortize does not depend on the dates
        borrower = transaction.borrowers.share(actor.client_id, application.borrower_id)
        if borrower is None:
            raise BorrowerNotFound
        require_not_erased(borrower)
        loan = Loan(
            id=self.new_id(),
            client_id=actor.client_id,
            borrower_id=borrower.id,
            external_ref=application.external_ref,
            terms=terms,
            status=LoanStatus.SUBMITTED,
            submitted_by=actor.key_id,
            applied_at=now,
        )
        try:
            transaction.loans.add(loan)
        except Taken:
            raise Conflict("external_ref_taken", "Another loan has this external_ref.") from None
        transaction.record(LoanApplicationSubmitted(loan.id, loan.currency))
        return loan

    def approve(self, transaction: UnitOfWork, target: Target) -> Loan:
        """Approve an application; raise Forbidden for the key that submitted it."""
        return self._decide(transaction, target, lambda loan: lifecycle.approve(loan, *self._by(target)))

    def reject(self, transaction: UnitOfWork, target: Target, reason: RejectReason) -> Loan:
        """Reject an application for a reason."""
        by = self._by(target)
        return self._decide(transaction, target, lambda loan: lifecycle.reject(loan, *by, reason))

    def withdraw(self, transaction: UnitOfWork, target: Target) -> Loan:
        """End an application at the applicant's wish."""
        return self._decide(transaction, target, lambda loan: lifecycle.withdraw(loan, *self._by(target)))

    def cancel(self, transaction: UnitOfWork, target: Target) -> Loan:
        """End an application at the lender's wish."""
        return self._decide(transaction, target, lambda loan: lifecycle.cancel(loan, *self._by(target)))

    def _by(self, target: Target) -> tuple[str, datetime]:
        return target.actor.key_id, self.clock()

    def _decide(self, transaction: UnitOfWork, target: Target, decide: Callable[[Loan], Loan]) -> Loan:
        loan = target.lock(transaction)
        decided = decide(loan)
        transaction.loans.save(decided)
        seconds = ((decided.decided_at or loan.applied_at) - loan.applied_at).total_seconds()
        decision = Decision(decided.status.value)
        transaction.record(LoanDecided(loan.id, decision, decided.reject_reason, seconds))
        return decided
