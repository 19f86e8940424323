# SPDX-License-Identifier: Apache-2.0
"""Loans in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.domain.loan import Loan, LoanStatus
from app.domain.money import Currency, Money
from app.domain.terms import LoanTerms
from app.services.ports import Position
from app.storage.tables import LoanRow


class SqlLoanRepository:
    """The loans as one session sees them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, loan: Loan) -> None:
        """Keep a new loan."""
        self._session.add(
            LoanRow(
                id=loan.id,
                borrower_id=loan.borrower_id,
                currency=loan.terms.principal.currency.value,
                principal_minor=loan.terms.principal.amount_minor,
                annual_rate_percent=loan.terms.annual_rate_percent,
                term_months=loan.terms.term_months,
                status=loan.status.value,
                applied_at=loan.applied_at,
            )
        )

    def find(self, loan_id: UUID) -> Loan | None:
        """Give a loan, or None."""
        row = self._session.get(LoanRow, loan_id)
        return _loan(row) if row else None

    def newest(self, limit: int, after: Position | None) -> Sequence[Loan]:
        """List loans, newest first, from behind a position on: by its key, so that no page is slower than the first."""
        key = tuple_(LoanRow.applied_at, LoanRow.id)
        query = select(LoanRow).order_by(LoanRow.applied_at.desc(), LoanRow.id.desc()).limit(limit)
        if after:
            query = query.where(key < (after.applied_at, after.loan_id))
        return [_loan(row) for row in self._session.scalars(query)]


def _loan(row: LoanRow) -> Loan:
    principal = Money(row.principal_minor, Currency(row.currency))
    terms = LoanTerms(principal, row.annual_rate_percent, row.term_months)
    return Loan(row.id, row.borrower_id, terms, LoanStatus(row.status), row.applied_at)
