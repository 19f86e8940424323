# SPDX-License-Identifier: Apache-2.0
"""Loans in PostgreSQL."""

import time
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import Session

from app.domain.delinquency import days_of
from app.domain.loan import Loan
from app.domain.money import Currency, Money
from app.domain.status import LoanStatus, RejectReason
from app.domain.terms import LoanTerms
from app.services.events import LoanLocked
from app.services.ports import EventSink, LoanFilter, Position
from app.storage.conflicts import flush
from app.storage.loans_by_day import page_of_days
from app.storage.tables import LoanRow

# The columns that are named like the loan's own fields; the rest is spelled out below.
PLAIN = frozenset(field.name for field in fields(Loan)) - {"terms", "status", "reject_reason"}


class SqlLoans:
    """The loans as one session sees them."""

    def __init__(self, session: Session, publish: EventSink) -> None:
        self._session = session
        self._publish = publish

    def add(self, loan: Loan) -> None:
        """Keep a new loan; raise Taken for an external_ref that the client has used."""
        self._session.add(LoanRow(**_values(loan)))
        flush(self._session)

    def find(self, client_id: str, loan_id: UUID) -> Loan | None:
        """Give a loan, or None."""
        row = self._session.get(LoanRow, loan_id)
        return _loan(row) if row and row.client_id == client_id else None

    def lock(self, client_id: str, loan_id: UUID) -> Loan | None:
        """Return a loan, locked against changes until this transaction ends, or None."""
        started = time.perf_counter()
        # The loan's row, which stays, not its last booking, which moves; read anew, as it may have changed meanwhile.
        row = self._session.get(LoanRow, loan_id, with_for_update=True, populate_existing=True)
        self._publish(LoanLocked(time.perf_counter() - started))
        return _loan(row) if row and row.client_id == client_id else None

    def save(self, loan: Loan) -> None:
        """Keep what has changed on a locked loan."""
        row = self._session.get_one(LoanRow, loan.id)
        for name, value in _values(loan).items():
            if getattr(row, name) != value:
                setattr(row, name, value)
        flush(self._session)

    def page(self, wanted: LoanFilter, limit: int, after: Position | None) -> Sequence[Loan]:
        """List loans from behind a position on: by its key, so that no page is slower than the first."""
        key = tuple_(LoanRow.applied_at, LoanRow.id)
        query = _filtered(wanted)
        if after:
            place = (after.applied_at, after.loan_id)
            query = query.where(key < place if wanted.newest_first else key > place)

        def order(of: Any) -> list[ColumnElement[Any]]:  # noqa: ANN401  # the table, or a subquery with its columns
            return [column.desc() if wanted.newest_first else column.asc() for column in (of.applied_at, of.id)]

        due = _due(wanted)
        if due and not wanted.borrower_id:  # a borrower's few loans are read faster than anything is arranged
            query = page_of_days(query, due, order, limit)
        else:
            query = query.where(*due).order_by(*order(LoanRow)).limit(limit)
        return [_loan(row) for row in self._session.scalars(query)]

    def of_borrower(self, client_id: str, borrower_id: UUID) -> Sequence[Loan]:
        """List all loans of a borrower, oldest first."""
        query = select(LoanRow).where(LoanRow.client_id == client_id, LoanRow.borrower_id == borrower_id)
        return [_loan(row) for row in self._session.scalars(query.order_by(LoanRow.applied_at, LoanRow.id))]


def _filtered(wanted: LoanFilter) -> Select[tuple[LoanRow]]:
    query = select(LoanRow).where(LoanRow.client_id == wanted.client_id)
    if wanted.status:
        query = query.where(LoanRow.status == wanted.status.value)
    if wanted.borrower_id:
        query = query.where(LoanRow.borrower_id == wanted.borrower_id)
    if wanted.currency:
        query = query.where(LoanRow.currency == wanted.currency.value)
    if wanted.applied_from:
        query = query.where(LoanRow.applied_at >= _midnight(wanted.applied_from))
    if wanted.applied_to:  # the whole of that day; after the calendar's last day there is no midnight
        query = query.where(LoanRow.applied_at <= datetime.combine(wanted.applied_to, day_time.max, UTC))
    return query


def _due(wanted: LoanFilter) -> list[ColumnElement[bool]]:
    if not wanted.bucket:
        return []
    first, last = days_of(wanted.bucket)
    due = [LoanRow.client_id == wanted.client_id, LoanRow.status == LoanStatus.ACTIVE.value]
    if first:
        due.append(LoanRow.next_due_on <= wanted.as_of - timedelta(days=first))
    if last is not None:
        due.append(LoanRow.next_due_on >= wanted.as_of - timedelta(days=last))
    return due


def _midnight(day: date) -> datetime:
    return datetime.combine(day, day_time(), UTC)


def _values(loan: Loan) -> dict[str, Any]:
    return {
        **{name: getattr(loan, name) for name in PLAIN},
        "currency": loan.currency.value,
        "principal_minor": loan.terms.principal.amount_minor,
        "annual_rate_percent": loan.terms.annual_rate_percent,
        "term_months": loan.terms.term_months,
        "status": loan.status.value,
        "reject_reason": loan.reject_reason and loan.reject_reason.value,
    }


def _loan(row: LoanRow) -> Loan:
    principal = Money(row.principal_minor, Currency(row.currency))
    return Loan(
        **{name: getattr(row, name) for name in PLAIN},
        terms=LoanTerms(principal, row.annual_rate_percent, row.term_months),
        status=LoanStatus(row.status),
        reject_reason=RejectReason(row.reject_reason) if row.reject_reason else None,
    )
