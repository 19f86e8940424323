# SPDX-License-Identifier: Apache-2.0
"""The response bodies of a loan's account: bookings, schedule, payoff quote, statement."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from pydantic import Field

from app.api.fields import Document, Moment
from app.domain.installment import Installment
from app.domain.loan import Loan
from app.domain.money import Currency
from app.domain.payoff import Payoff
from app.domain.repayment_channel import Channel
from app.domain.statement import Statement
from app.domain.transaction import Transaction, TransactionKind


class TransactionDocument(Document):
    """A booking; the amount is the sum of its parts."""

    id: UUID
    loan_id: UUID
    seq: int
    kind: TransactionKind
    amount_minor: int
    principal_minor: int
    interest_minor: int
    fee_minor: int
    interest_rebate_minor: int = Field(description="Scheduled interest that an early payoff spared the borrower.")
    currency: Currency
    effective_on: date
    posted_at: Moment
    reverses_id: UUID | None
    channel: Channel | None
    external_ref: str | None


class TransactionPageDocument(Document):
    """Some bookings, and where the next page begins."""

    data: list[TransactionDocument]
    has_more: bool
    next_cursor: str | None


class InstallmentDocument(Document):
    """One row of a schedule."""

    n: int
    due_on: date
    opening_balance_minor: int
    principal_minor: int
    interest_minor: int
    fee_minor: int
    paid_principal_minor: int
    paid_interest_minor: int
    paid_fee_minor: int
    rebated_interest_minor: int
    paid_on: date | None


class ScheduleDocument(Document):
    """All installments and what they add up to."""

    loan_id: UUID
    currency: Currency
    installments: list[InstallmentDocument]
    total_principal_minor: int
    total_interest_minor: int
    total_fee_minor: int
    total_minor: int


class PayoffQuoteDocument(Document):
    """What ends the loan on that one day."""

    loan_id: UUID
    currency: Currency
    as_of: date
    principal_minor: int
    interest_minor: int
    fee_minor: int
    amount_minor: int
    interest_rebate_minor: int
    per_diem_minor: int


class StatementLineDocument(Document):
    """A booking, and by how much it changed the outstanding principal."""

    transaction: TransactionDocument
    principal_change_minor: int


class StatementDocument(Document):
    """Opening balance plus lines is closing balance, of outstanding principal."""

    loan_id: UUID
    currency: Currency
    from_: date = Field(serialization_alias="from")
    to: date
    opening_balance_minor: int
    lines: list[StatementLineDocument]
    closing_balance_minor: int


SAME = ("id", "loan_id", "seq", "kind", "interest_rebate_minor", "effective_on", "posted_at", "reverses_id", "channel", "external_ref")  # fmt: skip  # noqa: E501  # one list


def transaction_document(transaction: Transaction, currency: Currency) -> TransactionDocument:
    """Shape a booking."""
    parts = transaction.parts
    return TransactionDocument(
        **{name: getattr(transaction, name) for name in SAME},
        amount_minor=parts.amount_minor,
        principal_minor=parts.principal_minor,
        interest_minor=parts.interest_minor,
        fee_minor=parts.fee_minor,
        currency=currency,
    )


def transaction_page(
    transactions: Iterable[Transaction], currency: Currency, next_cursor: str | None
) -> TransactionPageDocument:
    """Shape a page of bookings."""
    data = [transaction_document(transaction, currency) for transaction in transactions]
    return TransactionPageDocument(data=data, has_more=next_cursor is not None, next_cursor=next_cursor)


def schedule_document(loan: Loan, installments: Sequence[Installment]) -> ScheduleDocument:
    """Shape a schedule with its totals."""
    rows = [
        InstallmentDocument(**{name: getattr(row, name) for name in InstallmentDocument.model_fields})
        for row in installments
    ]
    principal, interest, fee = (
        sum(getattr(row, name) for row in installments) for name in ("principal_minor", "interest_minor", "fee_minor")
    )
    return ScheduleDocument(
        loan_id=loan.id,
        currency=loan.currency,
        installments=rows,
        total_principal_minor=principal,
        total_interest_minor=interest,
        total_fee_minor=fee,
        total_minor=principal + interest + fee,
    )


def payoff_document(loan: Loan, quoted: Payoff) -> PayoffQuoteDocument:
    """Shape a payoff quote."""
    return PayoffQuoteDocument(
        loan_id=loan.id,
        currency=loan.currency,
        as_of=quoted.as_of,
        principal_minor=quoted.parts.principal_minor,
        interest_minor=quoted.parts.interest_minor,
        fee_minor=quoted.parts.fee_minor,
        amount_minor=quoted.parts.amount_minor,
        interest_rebate_minor=quoted.interest_rebate_minor,
        per_diem_minor=quoted.per_diem_minor,
    )


def statement_document(loan: Loan, statement: Statement) -> StatementDocument:
    """Shape a statement."""
    lines = [
        StatementLineDocument(
            transaction=transaction_document(line.transaction, loan.currency),
            principal_change_minor=line.principal_change_minor,
        )
        for line in statement.lines
    ]
    return StatementDocument(
        loan_id=loan.id,
        currency=loan.currency,
        from_=statement.first,
        to=statement.last,
        opening_balance_minor=statement.opening_balance_minor,
        lines=lines,
        closing_balance_minor=statement.closing_balance_minor,
    )
