# SPDX-License-Identifier: Apache-2.0
"""The tables, with what must hold in each row whoever writes it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, DateTime, Index, Numeric, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.database import Base


class LoanRow(Base):
    """One loan."""

    __tablename__ = "loan"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    borrower_id: Mapped[UUID]
    currency: Mapped[str] = mapped_column(CHAR(3))
    principal_minor: Mapped[int] = mapped_column(BigInteger)
    annual_rate_percent: Mapped[Decimal] = mapped_column(Numeric(9, 6))
    term_months: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str] = mapped_column(Text)
    applied_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", "currency_is_a_code"),
        CheckConstraint("principal_minor BETWEEN 1 AND 1000000000000", "principal_in_range"),
        CheckConstraint("annual_rate_percent BETWEEN 0 AND 100", "rate_in_range"),
        CheckConstraint("term_months BETWEEN 1 AND 600", "term_in_range"),
        CheckConstraint("status IN ('submitted')", "status_is_known"),
        # The order of the list; PostgreSQL reads it backwards for "newest first".
        Index("ix_loan_applied_at_id", "applied_at", "id"),
    )
