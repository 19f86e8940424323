# SPDX-License-Identifier: Apache-2.0
"""Negative controls: each disables one safeguard of a running service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier, BrokenBarrierError, current_thread, main_thread
from typing import Any

import pytest

from app.domain.borrower import Borrower
from app.domain.loan import Loan
from app.services import commands
from app.services.replies import KeyedRequest
from app.storage.borrowers import SqlBorrowers
from app.storage.idempotency import SqlIdempotencyKeys
from app.storage.loans import SqlLoans
from app.storage.transactions import SqlTransactions
from tests.concurrency.crowd import Crowd
from tests.concurrency.limits import built
from tests.conftest import empty, execute

MEET_SECONDS = 8.0  # a transaction may be idle for 10 s, and the first one is meanwhile


def unlocked_loans(patch: pytest.MonkeyPatch) -> None:
    """Read a loan without locking it, both racers before the first of them writes."""
    both = Barrier(2)

    def lock(loans: SqlLoans, *which: Any) -> Loan | None:  # noqa: ANN401  # as the original
        loan = loans.find(*which)
        meet(both)
        return loan

    patch.setattr(SqlLoans, "lock", lock)


def unlocked_borrowers(patch: pytest.MonkeyPatch) -> None:
    """Read a borrower without locking them, both racers before the first of them writes."""
    both = Barrier(2)

    def lock(borrowers: SqlBorrowers, *which: Any) -> Borrower | None:  # noqa: ANN401  # as the original
        borrower = borrowers.find(*which)
        meet(both)
        return borrower

    patch.setattr(SqlBorrowers, "lock", lock)


def forgotten_keys(patch: pytest.MonkeyPatch) -> None:
    """Treat each request as the first with its key."""

    def claim(_keys: SqlIdempotencyKeys, _request: KeyedRequest, _at: object) -> None:
        return None

    patch.setattr(SqlIdempotencyKeys, "claim", claim)


def no_retries(patch: pytest.MonkeyPatch) -> None:
    """Give up at the first time that the database undoes a transaction."""
    patch.setattr(commands, "ATTEMPTS", 1)


def no_snapshots(patch: pytest.MonkeyPatch) -> None:
    """Let each statement of a reader see a moment of its own."""
    patch.setattr(SqlTransactions, "snapshot", SqlTransactions.__call__)


@contextmanager
def no_lock_timeout(crowd: Crowd, folder: Path) -> Iterator[Crowd]:
    """Run a service whose sessions wait for a lock as long as a statement may take."""
    with built(crowd.database, folder, crowd.facts, {"LOCK_MILLISECONDS": 0}) as app:  # none, to PostgreSQL
        yield replace(crowd, app=app)


@contextmanager
def numbers_may_repeat(database: str) -> Iterator[None]:
    """Drop the constraint that is the last line behind the lock; what it would forbid is deleted in the end."""
    execute(database, "ALTER TABLE loan_transaction DROP CONSTRAINT uq_loan_transaction_loan_id_seq")
    try:
        yield
    finally:
        empty(database)
        execute(
            database,
            "ALTER TABLE loan_transaction ADD CONSTRAINT uq_loan_transaction_loan_id_seq UNIQUE (loan_id, seq)",
        )


def meet(both: Barrier) -> None:
    """Wait for the other racer; the preparation before the race runs alone, in the main thread."""
    if current_thread() is main_thread():
        return
    try:
        both.wait(MEET_SECONDS)
    except BrokenBarrierError:
        both.reset()


def goes_wrong(check: Callable[..., None], *arguments: object) -> None:
    """Expect that a scenario's own check notices the damage."""
    with pytest.raises((AssertionError, ValueError)):  # the latter where a check takes the only one of its kind
        check(*arguments)
