# SPDX-License-Identifier: Apache-2.0
"""What every booking has in common: its dates are checked, its number is the next, the loan becomes a new version."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.domain.errors import InvalidDate
from app.domain.installment import Installment
from app.domain.ledger import LedgerLine, lines_of
from app.domain.loan import Loan
from app.domain.transaction import Parts, Stamp, Transaction, TransactionKind


@dataclass(frozen=True)
class Posting:
    """The loan as it is after a booking, the installments that it touched, the booking and its ledger lines."""

    loan: Loan
    installments: tuple[Installment, ...]
    transaction: Transaction
    lines: tuple[LedgerLine, ...]


def require_date(loan: Loan, effective_on: date, today: date, field: str = "effective_on") -> None:
    """Raise InvalidDate before the disbursement, before what is already booked, and in the future."""
    if effective_on > today:
        raise InvalidDate(field, "in_the_future", "Today, in UTC, or an earlier day is expected.")
    if loan.disbursed_on and effective_on < loan.disbursed_on:
        raise InvalidDate(field, "before_disbursement", "The day of the disbursement or a later one is expected.")
    if loan.last_effective_on and effective_on < loan.last_effective_on:
        raise InvalidDate(
            field, "before_last_transaction", "The day of the last transaction or a later one is expected."
        )


def book(  # noqa: PLR0917  # what a booking is made of
    loan: Loan,
    installments: tuple[Installment, ...],
    kind: TransactionKind,
    parts: Parts,
    effective_on: date,
    stamp: Stamp,
    *,
    reversed_kind: TransactionKind | None = None,
    **more: Any,  # noqa: ANN401  # further fields of the transaction
) -> Posting:
    """Give a booking its number, and make its loan a new version."""
    transaction = Transaction(
        id=stamp.transaction_id,
        loan_id=loan.id,
        seq=loan.last_seq + 1,
        kind=kind,
        parts=parts,
        effective_on=effective_on,
        posted_at=stamp.posted_at,
        **more,
    )
    booked = replace(loan, last_seq=transaction.seq, last_effective_on=effective_on, version=loan.version + 1)
    return Posting(booked, installments, transaction, lines_of(transaction, reversed_kind))
