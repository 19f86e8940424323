# SPDX-License-Identifier: Apache-2.0
"""What the use cases need from outside, and what may go wrong there."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.events import DomainEvent
from app.domain.loan import Loan

Clock = Callable[[], datetime]  # now, in UTC
EventSink = Callable[[DomainEvent], None]


class StorageUnavailable(Exception):  # noqa: N818  # a state, not a mistake
    """The storage cannot answer now; the same request may succeed in a moment."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason  # a SQLSTATE or a class name: never the driver's text, which may quote values


@dataclass(frozen=True)
class Position:
    """The place of a loan in the list, newest first."""

    applied_at: datetime
    loan_id: UUID


class LoanRepository(Protocol):
    """Keeps loans."""

    def add(self, loan: Loan) -> None:
        """Keep a new loan."""
        ...

    def find(self, loan_id: UUID) -> Loan | None:
        """Give a loan, or None."""
        ...

    def newest(self, limit: int, after: Position | None) -> Sequence[Loan]:
        """List loans, newest first, from behind a position on."""
        ...


class UnitOfWork(Protocol):
    """One transaction."""

    @property
    def loans(self) -> LoanRepository:
        """Give the loans as this transaction sees them."""
        ...

    def commit(self, *events: DomainEvent) -> None:
        """Make everything true, then publish the facts."""
        ...


# A context: leaving it without a commit undoes everything.
Transactions = Callable[[], AbstractContextManager[UnitOfWork]]
