# SPDX-License-Identifier: Apache-2.0
"""Domain events, in the past tense: published after the commit."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.money import Currency, Money
from app.domain.repayment_channel import Channel
from app.domain.status import Decision, RejectReason
from app.domain.transaction import TransactionKind


@dataclass(frozen=True)
class DomainEvent:
    """Something that happened."""


@dataclass(frozen=True)
class LoanEvent(DomainEvent):
    """Something that happened to a loan."""

    loan_id: UUID


@dataclass(frozen=True)
class LoanApplicationSubmitted(LoanEvent):
    """An application was accepted for a decision."""

    currency: Currency


@dataclass(frozen=True)
class LoanDecided(LoanEvent):
    """An application came to its end: approved, rejected, withdrawn or cancelled, so many seconds after it began."""

    decision: Decision
    reason: RejectReason | None
    seconds: float


@dataclass(frozen=True)
class LoanDisbursed(LoanEvent):
    """The principal was paid out."""

    transaction_id: UUID
    principal: Money


@dataclass(frozen=True)
class RepaymentPosted(LoanEvent):
    """A borrower's money was booked; the parts add up to the amount."""

    transaction_id: UUID
    currency: Currency
    principal_minor: int
    interest_minor: int
    fee_minor: int
    channel: Channel


@dataclass(frozen=True)
class LoanPaidOff(LoanEvent):
    """Nothing is owed any more."""

    currency: Currency


@dataclass(frozen=True)
class LoanChargedOff(LoanEvent):
    """The outstanding principal was written off."""

    transaction_id: UUID
    principal: Money


@dataclass(frozen=True)
class RecoveryPosted(LoanEvent):
    """Money came in for a loan that was charged off."""

    transaction_id: UUID
    amount: Money


@dataclass(frozen=True)
class FeeAssessed(LoanEvent):
    """A fee was added to the oldest unpaid installment."""

    transaction_id: UUID
    amount: Money


@dataclass(frozen=True)
class FeeWaived(LoanEvent):
    """Unpaid fees were forgiven."""

    transaction_id: UUID
    amount: Money


@dataclass(frozen=True)
class TransactionReversed(LoanEvent):
    """A transaction was undone by another one."""

    transaction_id: UUID
    kind: TransactionKind
    currency: Currency


@dataclass(frozen=True)
class PayoffQuoted(LoanEvent):
    """A payoff amount was requested."""

    currency: Currency


@dataclass(frozen=True)
class BorrowerEvent(DomainEvent):
    """Something that happened to a borrower."""

    borrower_id: UUID


@dataclass(frozen=True)
class BorrowerRegistered(BorrowerEvent):
    """A borrower was registered."""


@dataclass(frozen=True)
class BorrowerUpdated(BorrowerEvent):
    """A borrower's data changed."""


@dataclass(frozen=True)
class BorrowerErased(BorrowerEvent):
    """A borrower's personal data was erased."""


@dataclass(frozen=True)
class BorrowerExported(BorrowerEvent):
    """A borrower's data was exported."""
