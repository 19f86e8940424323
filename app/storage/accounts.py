# SPDX-License-Identifier: Apache-2.0
"""Installments, bookings and ledger lines in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session, aliased

from app.domain.installment import Installment
from app.domain.posting import Posting
from app.domain.repayment_channel import Channel
from app.domain.transaction import Parts, Transaction, TransactionKind
from app.storage.conflicts import flush
from app.storage.tables import InstallmentRow, LedgerEntryRow, TransactionRow

COLUMNS: Final = tuple(field.name for field in fields(Installment))
# What moves principal, or the right to it; fees and waivers don't stand in the way of a reversal.
PRINCIPAL_KINDS: Final = ("disbursement", "repayment", "payoff", "charge_off", "recovery")


class SqlAccounts:
    """The accounts as one session sees them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: list[InstallmentRow] = []  # the session holds them weakly; lost, post() would read each one again

    def open(self, posting: Posting) -> None:
        """Keep the installments of a loan's first booking, and the booking."""
        rows = [{"loan_id": posting.loan.id, **asdict(row)} for row in posting.installments]
        self._session.execute(insert(InstallmentRow).values(rows))
        self._book(posting)

    def post(self, posting: Posting) -> None:
        """Keep a booking and what has changed on the installments."""
        for row in posting.installments:
            kept = self._session.get_one(InstallmentRow, (posting.loan.id, row.n))  # loaded by unpaid() before
            for name in COLUMNS:
                if getattr(kept, name) != getattr(row, name):
                    setattr(kept, name, getattr(row, name))
        self._book(posting)

    def installments(self, loan_id: UUID) -> Sequence[Installment]:
        """List all installments, oldest first."""
        query = select(InstallmentRow).where(InstallmentRow.loan_id == loan_id).order_by(InstallmentRow.n)
        return self._read(query)

    def unpaid(self, loan_id: UUID) -> Sequence[Installment]:
        """List the installments that are not settled, oldest first."""
        query = select(InstallmentRow).where(InstallmentRow.loan_id == loan_id, InstallmentRow.paid_on.is_(None))
        return self._read(query.order_by(InstallmentRow.n))

    def transactions(self, loan_id: UUID, limit: int, after_seq: int) -> Sequence[Transaction]:
        """List bookings in their order, from behind a number on."""
        query = select(TransactionRow).where(TransactionRow.loan_id == loan_id, TransactionRow.seq > after_seq)
        return [_transaction(row) for row in self._session.scalars(query.order_by(TransactionRow.seq).limit(limit))]

    def find(self, loan_id: UUID, transaction_id: UUID) -> Transaction | None:
        """Give a booking of a loan, or None."""
        row = self._session.get(TransactionRow, transaction_id)
        return _transaction(row) if row and row.loan_id == loan_id else None

    def last_standing(self, loan_id: UUID) -> UUID | None:
        """Give the id of the last booking of principal that is neither reversed nor a reversal."""
        reversal = aliased(TransactionRow)
        query = select(TransactionRow.id).where(
            TransactionRow.loan_id == loan_id,
            TransactionRow.kind.in_(PRINCIPAL_KINDS),
            ~select(reversal.id).where(reversal.reverses_id == TransactionRow.id).exists(),
        )
        return self._session.scalar(query.order_by(TransactionRow.seq.desc()).limit(1))

    def _read(self, query: Select[tuple[InstallmentRow]]) -> Sequence[Installment]:
        rows = self._session.scalars(query).all()
        self._held.extend(rows)
        return [Installment(**{name: getattr(row, name) for name in COLUMNS}) for row in rows]

    def _book(self, posting: Posting) -> None:
        self._session.add(TransactionRow(**_values(posting.transaction)))
        flush(self._session)
        currency = posting.loan.currency.value
        lines = [
            {
                "transaction_id": posting.transaction.id,
                "account": line.account.value,
                "currency": currency,
                "amount_minor": line.amount_minor,
            }
            for line in posting.lines
        ]
        if lines:
            # One statement: the trigger adds up what it inserted.
            self._session.execute(insert(LedgerEntryRow).values(lines))


def _values(transaction: Transaction) -> dict[str, Any]:
    values = {field.name: getattr(transaction, field.name) for field in fields(Transaction) if field.name != "parts"}
    return {
        **values,
        **asdict(transaction.parts),
        "amount_minor": transaction.parts.amount_minor,
        "kind": transaction.kind.value,
        "channel": transaction.channel and transaction.channel.value,
    }


def _transaction(row: TransactionRow) -> Transaction:
    return Transaction(
        id=row.id,
        loan_id=row.loan_id,
        seq=row.seq,
        kind=TransactionKind(row.kind),
        parts=Parts(row.principal_minor, row.interest_minor, row.fee_minor),
        interest_rebate_minor=row.interest_rebate_minor,
        effective_on=row.effective_on,
        posted_at=row.posted_at,
        reverses_id=row.reverses_id,
        channel=Channel(row.channel) if row.channel else None,
        external_ref=row.external_ref,
    )
