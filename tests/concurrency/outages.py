# SPDX-License-Identifier: Apache-2.0
"""Database failures of the service's transactions, caused by the server's own functions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask_sqlalchemy.session import Session
from sqlalchemy import text

from app.domain.loan import Loan
from app.services.replies import KeyedRequest, Reply
from app.storage.idempotency import SqlIdempotencyKeys
from app.storage.loans import SqlLoans
from tests.conftest import execute


def terminated(database: str, pid: int) -> None:
    """End a session as an administrator or a failover does."""
    assert execute(database, f"SELECT pg_terminate_backend({pid}, 5000)") == [(True,)]


def undone(patch: pytest.MonkeyPatch, sqlstate: str, times: int) -> None:
    """Let the database undo the next transactions, so many, when they lock a loan."""
    left = list(range(times))
    lock = SqlLoans.lock

    def trouble(loans: SqlLoans, *which: Any) -> Loan | None:  # noqa: ANN401  # as the original
        if left:
            left.pop()
            raise_in(loans, sqlstate)
        return lock(loans, *which)

    patch.setattr(SqlLoans, "lock", trouble)


def raise_in(loans: SqlLoans, sqlstate: str) -> None:
    """Let the server itself raise an error, so that driver and session see what they would see."""
    loans._session.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{sqlstate}'; END $$"))  # noqa: SLF001  # not available elsewhere


def dies_before_commit(patch: pytest.MonkeyPatch, database: str) -> None:
    """End the session of the next transaction when all is written and nothing is committed."""
    complete = SqlIdempotencyKeys.complete

    def trouble(keys: SqlIdempotencyKeys, request: KeyedRequest, reply: Reply) -> None:
        complete(keys, request, reply)
        patch.setattr(SqlIdempotencyKeys, "complete", complete)
        terminated(database, int(keys._session.scalar(text("SELECT pg_backend_pid()"))))  # noqa: SLF001  # not available elsewhere

    patch.setattr(SqlIdempotencyKeys, "complete", trouble)


def answer_of_commit_is_lost(patch: pytest.MonkeyPatch, database: str) -> None:
    """End the session of the next transaction after its commit, before the service gets the answer."""
    commit = Session.commit

    def trouble(session: Session) -> None:
        patch.setattr(Session, "commit", commit)
        pid = int(session.scalar(text("SELECT pg_backend_pid()")))
        session.execute(text("COMMIT"))  # true from here on
        terminated(database, pid)
        commit(session)

    patch.setattr(Session, "commit", trouble)


@contextmanager
def setting(database: str, name: str, value: str) -> Iterator[None]:
    """Set a server setting for the sessions that begin from now on."""
    execute(database, f"ALTER DATABASE loans SET {name} = '{value}'")
    try:
        yield
    finally:
        execute(database, f"ALTER DATABASE loans RESET {name}")
