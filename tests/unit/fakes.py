# SPDX-License-Identifier: Apache-2.0
"""Storage that lives in a list, for the use cases' own logic."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.events import DomainEvent
from app.domain.loan import Loan
from app.services.ports import Position


@dataclass
class FakeStorage:
    """Keeps loans and published events; what was not committed is gone."""

    kept: list[Loan] = field(default_factory=list)
    published: list[DomainEvent] = field(default_factory=list)

    @contextmanager
    def transactions(self) -> Iterator["FakeUnitOfWork"]:
        yield FakeUnitOfWork(self)


class FakeUnitOfWork:
    """One transaction on the list."""

    def __init__(self, storage: FakeStorage) -> None:
        self._storage = storage
        self._added: list[Loan] = []

    @property
    def loans(self) -> "FakeUnitOfWork":
        return self

    def add(self, loan: Loan) -> None:
        self._added.append(loan)

    def find(self, loan_id: UUID) -> Loan | None:
        return next((loan for loan in self._storage.kept if loan.id == loan_id), None)

    def newest(self, limit: int, after: Position | None) -> Sequence[Loan]:
        newest = sorted(self._storage.kept, key=lambda loan: (loan.applied_at, loan.id), reverse=True)
        behind = [
            loan for loan in newest if not after or (loan.applied_at, loan.id) < (after.applied_at, after.loan_id)
        ]
        return behind[:limit]

    def commit(self, *events: DomainEvent) -> None:
        self._storage.kept.extend(self._added)
        self._storage.published.extend(events)
