# SPDX-License-Identifier: Apache-2.0
"""The use cases around borrowers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.domain.borrower import Borrower, Digest, Registration, change, erase, register
from app.domain.errors import BorrowerNotFound, Conflict, Fault, InvalidBorrower
from app.domain.events import BorrowerErased, BorrowerExported, BorrowerRegistered, BorrowerUpdated
from app.domain.loan import Loan
from app.domain.personal_data import normal_form
from app.domain.transaction import Transaction
from app.services.ports import Clock, NewId, Taken, UnitOfWork

TAKEN: Final = {
    "uq_borrower_client_id_email": ("email_taken", "Another borrower has this e-mail address."),
    "uq_borrower_client_id_external_ref": ("external_ref_taken", "Another borrower has this reference."),
    "uq_borrower_client_id_national_id_hmac": ("national_id_taken", "Another borrower has this national id."),
}


@dataclass(frozen=True)
class Export:
    """All that is kept of a borrower."""

    borrower: Borrower
    loans: Sequence[Loan]
    transactions: Sequence[Transaction]


@dataclass(frozen=True)
class BorrowerUseCases:
    """The use cases with what they need from outside."""

    clock: Clock
    new_id: NewId
    digest: Digest

    def register(self, transaction: UnitOfWork, client_id: str, registration: Registration) -> Borrower:
        """Register a borrower; raise InvalidBorrower, or Conflict if another borrower of the client has a value."""
        borrower = register(registration, self.new_id(), client_id, self.clock(), self.digest)
        with _unique():
            transaction.borrowers.add(borrower)
        transaction.record(BorrowerRegistered(borrower.id))
        return borrower

    def get(self, transaction: UnitOfWork, client_id: str, borrower_id: UUID) -> Borrower:
        """Give a borrower; raise BorrowerNotFound."""
        return _found(transaction.borrowers.find(client_id, borrower_id))

    def update(
        self,
        transaction: UnitOfWork,
        client_id: str,
        borrower_id: UUID,
        check_version: Callable[[int], None],
        changes: Mapping[str, str | None],
    ) -> Borrower:
        """Change some members, None clears one; raise what `check_version` raises, InvalidBorrower or Conflict."""
        borrower = _found(transaction.borrowers.lock(client_id, borrower_id))
        check_version(borrower.version)
        changed = change(borrower, changes, self.clock().date())
        if changed != borrower:
            with _unique():
                transaction.borrowers.save(changed)
            transaction.record(BorrowerUpdated(borrower_id))
        return changed

    def search(self, transaction: UnitOfWork, client_id: str, wanted: Mapping[str, str]) -> Sequence[Borrower]:
        """List the borrowers with this email and external_ref; raise InvalidBorrower for neither, or for bad ones."""
        if not wanted:
            raise InvalidBorrower(Fault("", "missing", "email, external_ref or both are expected."))
        known = normal_form(wanted, self.clock().date())
        return transaction.borrowers.search(client_id, known.get("email"), known.get("external_ref"))

    def erase(self, transaction: UnitOfWork, client_id: str, borrower_id: UUID) -> Borrower:
        """Erase personal data, and the stored answers that contain it; raise Conflict while a loan is open.

        A new loan locks the borrower's row, so that none begins meanwhile. A second erasure changes nothing.
        """
        borrower = _found(transaction.borrowers.lock(client_id, borrower_id))
        loans = transaction.loans.of_borrower(client_id, borrower_id)
        erased = erase(borrower, [loan.status for loan in loans], self.clock())
        if erased != borrower:
            transaction.borrowers.save(erased)
            transaction.keys.forget_borrower(borrower_id)
            transaction.record(BorrowerErased(borrower_id))
        return erased

    def export(self, transaction: UnitOfWork, client_id: str, borrower_id: UUID) -> Export:
        """Give all that is kept of a borrower; raise BorrowerNotFound."""
        borrower = _found(transaction.borrowers.find(client_id, borrower_id))
        loans = transaction.loans.of_borrower(client_id, borrower_id)
        # Limited to the loan's own count: bookings made since it was read would not agree with its row.
        booked = [transaction.accounts.transactions(loan.id, loan.last_seq, 0) for loan in loans]
        transaction.record(BorrowerExported(borrower_id))
        return Export(borrower, loans, [booking for bookings in booked for booking in bookings])


def _found(borrower: Borrower | None) -> Borrower:
    if borrower is None:
        raise BorrowerNotFound
    return borrower


@contextmanager
def _unique() -> Iterator[None]:
    try:
        yield
    except Taken as taken:
        constraint = str(taken)
        if constraint not in TAKEN:
            raise
        raise Conflict(*TAKEN[constraint]) from None
