# SPDX-License-Identifier: Apache-2.0
"""Borrowers in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.domain.borrower import Borrower
from app.storage.conflicts import flush
from app.storage.tables import BorrowerRow

COLUMNS: Final = tuple(field.name for field in fields(Borrower))  # each is named like the borrower's own field


class SqlBorrowers:
    """The borrowers as one session sees them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, borrower: Borrower) -> None:
        """Keep a new borrower; raise Taken for an e-mail, reference or national id that the client has already."""
        self._session.add(BorrowerRow(**asdict(borrower)))
        flush(self._session)

    def find(self, client_id: str, borrower_id: UUID) -> Borrower | None:
        """Give a borrower, or None."""
        return self._one(_of(client_id, borrower_id))

    def lock(self, client_id: str, borrower_id: UUID) -> Borrower | None:
        """Return a borrower, locked against changes until this transaction ends, or None."""
        return self._one(_of(client_id, borrower_id).with_for_update())

    def share(self, client_id: str, borrower_id: UUID) -> Borrower | None:
        """Return a borrower, locked against erasure until this transaction ends, or None; a shared lock."""
        return self._one(_of(client_id, borrower_id).with_for_update(read=True))

    def save(self, borrower: Borrower) -> None:
        """Keep what has changed on a locked borrower; raise Taken as `add` does."""
        row = self._session.get_one(BorrowerRow, borrower.id)
        for name, value in asdict(borrower).items():
            setattr(row, name, value)
        flush(self._session)

    def search(self, client_id: str, email: str | None, external_ref: str | None) -> Sequence[Borrower]:
        """List the borrowers that have all the given values; None is not compared."""
        wanted = {"client_id": client_id, "email": email, "external_ref": external_ref}
        query = select(BorrowerRow).filter_by(**{name: value for name, value in wanted.items() if value is not None})
        return [_borrower(row) for row in self._session.scalars(query)]

    def _one(self, query: Select[tuple[BorrowerRow]]) -> Borrower | None:
        # Read anew: what the session has seen before may have changed while it waited for the lock.
        row = self._session.scalar(query.execution_options(populate_existing=True))
        return _borrower(row) if row else None


def _of(client_id: str, borrower_id: UUID) -> Select[tuple[BorrowerRow]]:
    return select(BorrowerRow).where(BorrowerRow.id == borrower_id, BorrowerRow.client_id == client_id)


def _borrower(row: BorrowerRow) -> Borrower:
    return Borrower(**{name: getattr(row, name) for name in COLUMNS})
