# SPDX-License-Identifier: Apache-2.0
"""The tables, with constraints on each row that hold for every writer."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Numeric, SmallInteger, Text, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.database import Base

Minor = Annotated[int, mapped_column(BigInteger)]
Code = Annotated[str, mapped_column(Text)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Small = Annotated[int, mapped_column(SmallInteger)]


class BorrowerRow(Base):
    """One person; the personal columns are empty once erased."""

    __tablename__ = "borrower"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[Code]
    external_ref: Mapped[Code | None]
    full_name: Mapped[Code | None]
    email: Mapped[Code | None]
    phone: Mapped[Code | None]
    date_of_birth: Mapped[date | None]
    national_id_hmac: Mapped[Code | None]  # finds a duplicate; the number itself is not kept
    national_id_last4: Mapped[Code | None]
    country: Mapped[str | None] = mapped_column(CHAR(2))
    version: Mapped[int]
    erased_at: Mapped[Moment | None]
    created_at: Mapped[Moment]

    __table_args__ = (
        Unique("client_id", "external_ref"),
        Unique("client_id", "email"),
        Unique("client_id", "national_id_hmac"),
        CheckConstraint("erased_at IS NULL OR (full_name IS NULL AND email IS NULL AND phone IS NULL"
                        " AND date_of_birth IS NULL AND national_id_hmac IS NULL AND national_id_last4 IS NULL)",
                        "erased_means_empty"),
        CheckConstraint("erased_at IS NOT NULL OR (full_name IS NOT NULL AND email IS NOT NULL)", "known_by_name"),
    )  # fmt: skip


class LoanRow(Base):
    """One loan; amounts, dates and counts that its transactions imply are kept beside it, and `reconcile` compares."""

    __tablename__ = "loan"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[Code]
    borrower_id: Mapped[UUID] = mapped_column(ForeignKey("borrower.id"))
    external_ref: Mapped[Code | None]
    currency: Mapped[str] = mapped_column(CHAR(3))
    principal_minor: Mapped[Minor]
    annual_rate_percent: Mapped[Decimal] = mapped_column(Numeric(9, 6))
    term_months: Mapped[Small]
    status: Mapped[Code]
    submitted_by: Mapped[Code]
    applied_at: Mapped[Moment]
    decided_at: Mapped[Moment | None]
    decided_by: Mapped[Code | None]
    reject_reason: Mapped[Code | None]
    disbursed_on: Mapped[date | None]
    first_due_on: Mapped[date | None]
    installment_minor: Mapped[Minor | None]
    closed_on: Mapped[date | None]
    charged_off_on: Mapped[date | None]
    outstanding_principal_minor: Mapped[Minor]
    recoverable_minor: Mapped[Minor]
    next_due_on: Mapped[date | None]
    last_seq: Mapped[int]
    last_effective_on: Mapped[date | None]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", "currency_is_a_code"),
        CheckConstraint("principal_minor BETWEEN 1 AND 1000000000000", "principal_in_range"),
        CheckConstraint("annual_rate_percent BETWEEN 0 AND 100", "rate_in_range"),
        CheckConstraint("term_months BETWEEN 1 AND 600", "term_in_range"),
        CheckConstraint(
            "status IN ('submitted', 'approved', 'rejected', 'withdrawn', 'cancelled', 'active', 'paid_off',"
            " 'charged_off')",
            "status_is_known",
        ),
        CheckConstraint("outstanding_principal_minor BETWEEN 0 AND principal_minor", "outstanding_in_range"),
        CheckConstraint("recoverable_minor BETWEEN 0 AND principal_minor", "recoverable_in_range"),
        CheckConstraint("(outstanding_principal_minor > 0) <= (status = 'active')", "only_active_owes"),
        Unique("client_id", "external_ref"),
        # The list in its order, whole and by each filter; PostgreSQL reads an index in both directions.
        Index("ix_loan_client_applied", "client_id", "applied_at", "id"),
        Index("ix_loan_client_status_applied", "client_id", "status", "applied_at", "id"),
        Index("ix_loan_borrower_applied", "borrower_id", "applied_at", "id"),
        # The filter by bucket: the list in its order for each due day (loans_by_day.py).
        Index(
            "ix_loan_active_due_applied",
            *("client_id", "next_due_on", "applied_at", "id"),
            postgresql_where=text("status = 'active'"),
        ),
    )


class InstallmentRow(Base):
    """One row of a schedule, with what was paid of it."""

    __tablename__ = "installment"

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loan.id"), primary_key=True)
    n: Mapped[Small] = mapped_column(primary_key=True)
    due_on: Mapped[date]
    opening_balance_minor: Mapped[Minor]
    principal_minor: Mapped[Minor]
    interest_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]
    paid_principal_minor: Mapped[Minor]
    paid_interest_minor: Mapped[Minor]
    paid_fee_minor: Mapped[Minor]
    rebated_interest_minor: Mapped[Minor]
    paid_on: Mapped[date | None]

    __table_args__ = (
        CheckConstraint("principal_minor >= 1 AND interest_minor >= 0 AND fee_minor >= 0", "parts_in_range"),
        CheckConstraint("paid_principal_minor BETWEEN 0 AND principal_minor", "paid_principal_in_range"),
        CheckConstraint(
            "paid_interest_minor >= 0 AND rebated_interest_minor >= 0"
            " AND paid_interest_minor + rebated_interest_minor <= interest_minor",
            "paid_interest_in_range",
        ),
        CheckConstraint("paid_fee_minor BETWEEN 0 AND fee_minor", "paid_fee_in_range"),
    )


class TransactionRow(Base):
    """One booking; append-only by a trigger."""

    __tablename__ = "loan_transaction"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loan.id"))
    seq: Mapped[int]
    kind: Mapped[Code]
    principal_minor: Mapped[Minor]
    interest_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]
    amount_minor: Mapped[Minor]
    interest_rebate_minor: Mapped[Minor]
    effective_on: Mapped[date]
    posted_at: Mapped[Moment]
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("loan_transaction.id"))
    channel: Mapped[Code | None]
    external_ref: Mapped[Code | None]

    __table_args__ = (
        Unique("loan_id", "seq"),
        Unique("reverses_id"),
        CheckConstraint(
            "kind IN ('disbursement', 'repayment', 'payoff', 'fee', 'fee_waiver', 'charge_off', 'recovery',"
            " 'reversal')",
            "kind_is_known",
        ),
        CheckConstraint(
            "principal_minor >= 0 AND interest_minor >= 0 AND fee_minor >= 0 AND interest_rebate_minor >= 0",
            "parts_not_negative",
        ),
        CheckConstraint(
            "amount_minor >= 1 AND amount_minor = principal_minor + interest_minor + fee_minor", "parts_add_up"
        ),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", "only_a_reversal_reverses"),
        Index("uq_loan_transaction_one_disbursement", "loan_id", unique=True,
              postgresql_where=text("kind = 'disbursement'")),
    )  # fmt: skip


class LedgerEntryRow(Base):
    """One debit or credit; append-only, and the lines of a transaction add up to zero, both by triggers."""

    __tablename__ = "ledger_entry"

    transaction_id: Mapped[UUID] = mapped_column(ForeignKey("loan_transaction.id"), primary_key=True)
    account: Mapped[Code] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[Minor]

    __table_args__ = (CheckConstraint("amount_minor <> 0", "amount_moves"),)


class IdempotencyKeyRow(Base):
    """One request that writes, and the answer that it got; written in the transaction of what it wrote."""

    __tablename__ = "idempotency_key"

    client_id: Mapped[Code] = mapped_column(primary_key=True)
    key: Mapped[Code] = mapped_column(primary_key=True)
    fingerprint: Mapped[Code]
    status: Mapped[Small | None]
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[Code | None]
    borrower_id: Mapped[UUID | None] = mapped_column(
        index=True
    )  # whose data the answer holds, so that it can be erased
    created_at: Mapped[Moment] = mapped_column(index=True)
