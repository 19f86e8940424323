# SPDX-License-Identifier: Apache-2.0
"""A loan, from its application on, and how an application ends."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from app.domain.errors import Forbidden
from app.domain.money import Currency
from app.domain.status import Action, Decision, LoanStatus, RejectReason, require_allowed
from app.domain.terms import LoanTerms


@dataclass(frozen=True, kw_only=True)
class Loan:
    """A loan as it stands; amounts in minor units of the terms' currency, moments in UTC."""

    id: UUID
    client_id: str  # the client that owns the loan; other clients can't see it
    borrower_id: UUID
    terms: LoanTerms
    status: LoanStatus
    submitted_by: str
    applied_at: datetime
    external_ref: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    reject_reason: RejectReason | None = None
    disbursed_on: date | None = None
    first_due_on: date | None = None
    installment_minor: int | None = None
    closed_on: date | None = None
    charged_off_on: date | None = None
    outstanding_principal_minor: int = 0
    recoverable_minor: int = 0  # of a charged-off loan
    next_due_on: date | None = None  # of the oldest unpaid installment; being late is derived from it
    last_seq: int = 0
    last_effective_on: date | None = None
    version: int = 1

    @property
    def currency(self) -> Currency:
        """Give the one currency of everything on this loan."""
        return self.terms.principal.currency


def approve(loan: Loan, by: str, at: datetime) -> Loan:
    """Approve an application; raise Forbidden for the key that submitted it (four-eyes principle)."""
    require_allowed(loan.status, Action.APPROVE)
    if by == loan.submitted_by:
        raise Forbidden("four_eyes", "Who submitted an application cannot approve it.")
    return _decide(loan, Decision.APPROVED, by, at)


def reject(loan: Loan, by: str, at: datetime, reason: RejectReason) -> Loan:
    """Reject an application for a reason."""
    require_allowed(loan.status, Action.REJECT)
    return replace(_decide(loan, Decision.REJECTED, by, at), reject_reason=reason, closed_on=at.date())


def withdraw(loan: Loan, by: str, at: datetime) -> Loan:
    """End an application at the applicant's wish."""
    require_allowed(loan.status, Action.WITHDRAW)
    return replace(_decide(loan, Decision.WITHDRAWN, by, at), closed_on=at.date())


def cancel(loan: Loan, by: str, at: datetime) -> Loan:
    """End an application at the lender's wish, as when an approval expires."""
    require_allowed(loan.status, Action.CANCEL)
    return replace(_decide(loan, Decision.CANCELLED, by, at), closed_on=at.date())


def _decide(loan: Loan, decision: Decision, by: str, at: datetime) -> Loan:
    status = LoanStatus(decision.value)
    return replace(loan, status=status, decided_by=by, decided_at=at, version=loan.version + 1)
