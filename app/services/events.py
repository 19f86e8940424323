# SPDX-License-Identifier: Apache-2.0
"""What happens around the business, and is true at once: no transaction has to end first."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.events import DomainEvent, LoanEvent


class KeyOutcome(StrEnum):
    """What became of a request with an idempotency key."""

    FIRST = "first"
    REPLAYED = "replayed"
    MISMATCH = "mismatch"
    IN_PROGRESS = "in_progress"


@dataclass(frozen=True)
class IdempotencyKeyUsed(DomainEvent):
    """A request with a key was answered, or refused for its key; published after the commit where there is one."""

    outcome: KeyOutcome


@dataclass(frozen=True)
class TransactionRetried(DomainEvent):
    """The database undid a transaction for another one's sake, and it is tried again."""

    sqlstate: str


@dataclass(frozen=True)
class LoanLocked(DomainEvent):
    """A transaction has waited so many seconds for a loan that it wants to change."""

    seconds: float


@dataclass(frozen=True)
class RepaymentRefused(LoanEvent):
    """A borrower's money was not booked; the code is one of the domain's."""

    code: str
