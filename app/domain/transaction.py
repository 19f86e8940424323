# SPDX-License-Identifier: Apache-2.0
"""What was booked on a loan: never changed, only reversed by another transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.domain.repayment_channel import Channel


class TransactionKind(StrEnum):
    """What a transaction does."""

    DISBURSEMENT = "disbursement"
    REPAYMENT = "repayment"
    PAYOFF = "payoff"
    FEE = "fee"
    FEE_WAIVER = "fee_waiver"
    CHARGE_OFF = "charge_off"
    RECOVERY = "recovery"
    REVERSAL = "reversal"


# Money that a borrower sent may turn out not to be there; a fee is undone by a waiver, and a payout by repaying it.
REVERSIBLE: Final = frozenset({TransactionKind.REPAYMENT, TransactionKind.PAYOFF, TransactionKind.RECOVERY})


@dataclass(frozen=True)
class Stamp:
    """What a transaction needs from outside: a fresh id, the moment of booking in UTC, and the business date."""

    transaction_id: UUID
    posted_at: datetime
    today: date


@dataclass(frozen=True)
class Parts:
    """What an amount is made of, in minor units; never negative."""

    principal_minor: int = 0
    interest_minor: int = 0
    fee_minor: int = 0

    @property
    def amount_minor(self) -> int:
        """Add the parts up."""
        return self.principal_minor + self.interest_minor + self.fee_minor


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One booking; `seq` counts from 1 without gaps per loan."""

    id: UUID
    loan_id: UUID
    seq: int
    kind: TransactionKind
    parts: Parts
    interest_rebate_minor: int = 0  # scheduled interest that an early payoff spares the borrower; never booked
    effective_on: date
    posted_at: datetime
    reverses_id: UUID | None = None
    channel: Channel | None = None
    external_ref: str | None = None
