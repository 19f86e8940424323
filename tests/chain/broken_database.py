# SPDX-License-Identifier: Apache-2.0
"""Database faults that a test causes and removes again: a key in use, a constraint, a deadlock."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TypeVar

import psycopg2
import requests
from psycopg2 import extensions

from stack.polling import poll

# Before the service gives up waiting for a lock, after 1 s, and late enough for the other side to begin its wait.
DEADLOCK_MILLISECONDS = 700
PATIENCE_SECONDS = 10.0
Answer = TypeVar("Answer", bound=requests.Response)


@contextmanager
def session(database_url: str) -> Iterator[extensions.cursor]:
    """Open a session beside the service, which commits each statement unless it begins a transaction."""
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        yield connection.cursor()


@contextmanager
def no_juniors(database_url: str) -> Iterator[extensions.cursor]:
    """Refuse names that end in Jr by a constraint that the service does not expect, which causes a 500."""
    with session(database_url) as cursor:
        cursor.execute("ALTER TABLE borrower ADD CONSTRAINT no_juniors CHECK (full_name NOT LIKE '% Jr') NOT VALID")
        try:
            yield cursor
        finally:
            cursor.execute("ALTER TABLE borrower DROP CONSTRAINT no_juniors")


@contextmanager
def key_taken(database_url: str, client_id: str, key: str) -> Iterator[None]:
    """Hold an idempotency key as a request does that is still under way."""
    with session(database_url) as cursor:
        cursor.execute(
            "BEGIN; INSERT INTO idempotency_key (client_id, key, fingerprint, created_at) VALUES (%s, %s, '', now())",
            [client_id, key],
        )
        yield


def in_a_deadlock(database_url: str, loan_id: str, repay: Callable[[], Answer]) -> Answer:
    """Send a repayment that the database has to undo: it holds the loan, which is wanted by who holds the ledger."""
    with (
        found_in(database_url, DEADLOCK_MILLISECONDS),
        session(database_url) as cursor,
        session(database_url) as watch,
        ThreadPoolExecutor(1) as pool,
    ):
        cursor.execute("BEGIN; SET LOCAL deadlock_timeout = '1min'; LOCK TABLE ledger_entry IN ACCESS EXCLUSIVE MODE")
        answer = pool.submit(repay)
        poll(lambda: _somebody_waits(watch), PATIENCE_SECONDS, "a repayment that waits for the ledger")
        cursor.execute("SELECT FROM loan WHERE id = %s FOR UPDATE", [loan_id])  # returns when the repayment is undone
        cursor.execute("ROLLBACK")
        return answer.result()


@contextmanager
def found_in(database_url: str, milliseconds: int) -> Iterator[None]:
    """Let every session look for a deadlock after so long a wait."""
    with session(database_url) as cursor:
        cursor.execute(f"ALTER SYSTEM SET deadlock_timeout = '{milliseconds}ms'")
        try:
            cursor.execute("SELECT pg_reload_conf()")
            poll(lambda: _deadlock_timeout(database_url) == f"{milliseconds}ms", PATIENCE_SECONDS, "the new setting")
            yield
        finally:
            cursor.execute("ALTER SYSTEM RESET deadlock_timeout")
            cursor.execute("SELECT pg_reload_conf()")


def _somebody_waits(cursor: extensions.cursor) -> bool:
    cursor.execute("SELECT FROM pg_locks WHERE relation = 'ledger_entry'::regclass AND NOT granted")
    return cursor.rowcount > 0


def _deadlock_timeout(database_url: str) -> str:
    with session(database_url) as cursor:
        cursor.execute("SHOW deadlock_timeout")
        return str(cursor.fetchall()[0][0])
