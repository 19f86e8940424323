# SPDX-License-Identifier: Apache-2.0
"""The interfaces that the use cases need, and the errors that these raise."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from app.domain.borrower import Borrower
from app.domain.delinquency import Bucket
from app.domain.events import DomainEvent
from app.domain.installment import Installment
from app.domain.loan import Loan
from app.domain.money import Currency
from app.domain.posting import Posting
from app.domain.status import LoanStatus
from app.domain.transaction import Transaction
from app.services.replies import KeyedRequest, Reply, StoredReply

Clock = Callable[[], datetime]  # now, in UTC
NewId = Callable[[], UUID]
EventSink = Callable[[DomainEvent], None]


class StorageUnavailable(Exception):  # noqa: N818  # a state, not a mistake
    """The storage cannot answer now; the same request may succeed in a moment."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason  # a SQLSTATE or a class name: never the driver's text, which may quote values


class CommitUnknown(StorageUnavailable):
    """The connection was lost while committing: the work may be true or not, so it must not be repeated blindly."""


class Taken(Exception):  # noqa: N818  # a state, not a mistake
    """Another row has this value already; the text is the constraint's name."""


@dataclass(frozen=True)
class Position:
    """The place of a loan in the list."""

    applied_at: datetime
    loan_id: UUID


@dataclass(frozen=True)
class LoanFilter:
    """Which loans a list shows, and in which order; None shows all. `as_of` decides who is late."""

    client_id: str
    as_of: date
    status: LoanStatus | None = None
    borrower_id: UUID | None = None
    currency: Currency | None = None
    bucket: Bucket | None = None
    applied_from: date | None = None
    applied_to: date | None = None
    newest_first: bool = True


class LoanRepository(Protocol):
    """Keeps loans; another client's loan is no loan."""

    def add(self, loan: Loan) -> None:
        """Keep a new loan; raise Taken for an external_ref that the client has used."""
        ...

    def find(self, client_id: str, loan_id: UUID) -> Loan | None:
        """Give a loan, or None."""
        ...

    def lock(self, client_id: str, loan_id: UUID) -> Loan | None:
        """Return a loan, locked against changes until this transaction ends, or None."""
        ...

    def save(self, loan: Loan) -> None:
        """Keep what has changed on a locked loan."""
        ...

    def page(self, wanted: LoanFilter, limit: int, after: Position | None) -> Sequence[Loan]:
        """List loans from behind a position on."""
        ...

    def of_borrower(self, client_id: str, borrower_id: UUID) -> Sequence[Loan]:
        """List all loans of a borrower, oldest first."""
        ...


class Accounts(Protocol):
    """Keeps what is due and what was booked on a loan."""

    def open(self, posting: Posting) -> None:
        """Keep the installments of a loan's first booking, and the booking."""
        ...

    def post(self, posting: Posting) -> None:
        """Keep a booking and what has changed on the installments."""
        ...

    def installments(self, loan_id: UUID) -> Sequence[Installment]:
        """List all installments, oldest first."""
        ...

    def unpaid(self, loan_id: UUID) -> Sequence[Installment]:
        """List the installments that are not settled, oldest first."""
        ...

    def transactions(self, loan_id: UUID, limit: int, after_seq: int) -> Sequence[Transaction]:
        """List bookings in their order, from behind a number on."""
        ...

    def find(self, loan_id: UUID, transaction_id: UUID) -> Transaction | None:
        """Give a booking of a loan, or None."""
        ...

    def last_standing(self, loan_id: UUID) -> UUID | None:
        """Give the id of the last booking of principal that is neither reversed nor a reversal."""
        ...


class Borrowers(Protocol):
    """Keeps borrowers; another client's borrower is no borrower."""

    def add(self, borrower: Borrower) -> None:
        """Keep a new borrower; raise Taken for an e-mail, reference or national id that the client has already."""
        ...

    def find(self, client_id: str, borrower_id: UUID) -> Borrower | None:
        """Give a borrower, or None."""
        ...

    def lock(self, client_id: str, borrower_id: UUID) -> Borrower | None:
        """Return a borrower, locked against changes until this transaction ends, or None."""
        ...

    def share(self, client_id: str, borrower_id: UUID) -> Borrower | None:
        """Return a borrower, locked against erasure until this transaction ends, or None."""
        ...

    def save(self, borrower: Borrower) -> None:
        """Keep what has changed on a locked borrower; raise Taken as `add` does."""
        ...

    def search(self, client_id: str, email: str | None, external_ref: str | None) -> Sequence[Borrower]:
        """List the borrowers that have all the given values; None is not compared."""
        ...


class IdempotencyKeys(Protocol):
    """Keeps the answers of requests that were made before."""

    def claim(self, request: KeyedRequest, at: datetime) -> StoredReply | None:
        """Take a key for this transaction and give None, or give what is stored; waits for who holds it.

        Raises KeyInFlight when that takes too long.
        """
        ...

    def complete(self, request: KeyedRequest, reply: Reply) -> None:
        """Keep the answer beside what the transaction writes."""
        ...

    def forget_borrower(self, borrower_id: UUID) -> None:
        """Delete the stored answers that hold a borrower's data."""
        ...


class UnitOfWork(Protocol):
    """One transaction."""

    @property
    def loans(self) -> LoanRepository:
        """Give the loans as this transaction sees them."""
        ...

    @property
    def accounts(self) -> Accounts:
        """Give installments and bookings as this transaction sees them."""
        ...

    @property
    def borrowers(self) -> Borrowers:
        """Give the borrowers as this transaction sees them."""
        ...

    @property
    def keys(self) -> IdempotencyKeys:
        """Give the idempotency keys as this transaction sees them."""
        ...

    def record(self, event: DomainEvent) -> None:
        """Note a fact, to be published once it is true."""
        ...

    def commit(self) -> None:
        """Make everything true, then publish the facts; raise CommitUnknown when the answer got lost."""
        ...


class Transactions(Protocol):
    """Begins transactions; leaving one without a commit undoes everything."""

    def __call__(self) -> AbstractContextManager[UnitOfWork]:
        """Begin a transaction that writes."""
        ...

    def snapshot(self) -> AbstractContextManager[UnitOfWork]:
        """Begin a transaction that only reads, all of it as of one moment."""
        ...
