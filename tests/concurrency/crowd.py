# SPDX-License-Identifier: Apache-2.0
"""Many clients of one service at the same moment, and a query of the lock waits in the database."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Barrier
from typing import Any, TypeVar

import psycopg2
from flask import Flask
from psycopg2 import extensions
from werkzeug.test import TestResponse

from app.domain.events import DomainEvent
from stack.polling import poll
from tests.api_client import ApiClient, client_of
from tests.conftest import execute

Result = TypeVar("Result")

MEET_SECONDS = 10.0  # far longer than any start of a thread
WAITING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name %s 'loan-service' AND wait_event_type = 'Lock'
"""


@dataclass(frozen=True)
class Crowd:
    """A service with a thread and a connection for each racer, its database, and the events that it published."""

    app: Flask
    database: str
    facts: list[DomainEvent]

    def client(self, key_id: str = "officer") -> ApiClient:
        """Give a client of its own: two threads must not share one."""
        return client_of(self.app, key_id)

    def count(self, kind: type[DomainEvent]) -> int:
        """Count the facts of a kind."""
        return sum(isinstance(fact, kind) for fact in self.facts)


def at_once(*acts: Callable[[], Result]) -> list[Result]:
    """Do everything at the same moment, each in a thread of its own, and give what came of it in the same order."""
    start = Barrier(len(acts), timeout=MEET_SECONDS)

    def begin(act: Callable[[], Result]) -> Result:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(begin, acts))


def poster(
    crowd: Crowd, path: str, body: Mapping[str, Any], key: str | None = None, key_id: str = "officer", **headers: str
) -> Callable[[], TestResponse]:
    """Prepare one request that writes, by a client of its own; headers are named with underscores."""
    client = crowd.client(key_id)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        sent["Idempotency-Key"] = key
    return lambda: client.post(path, json=body, headers=sent)


def document(answer: TestResponse) -> dict[str, Any]:
    """Read an answer's JSON object."""
    read: dict[str, Any] = json.loads(answer.data)
    return read


def statuses(answers: Sequence[TestResponse]) -> list[int]:
    """Give the answers' statuses, in order."""
    return sorted(answer.status_code for answer in answers)


@contextmanager
def held(database: str, statement: str) -> Iterator[extensions.cursor]:
    """Hold what a statement locks, in a transaction beside the service, which is undone in the end."""
    with closing(psycopg2.connect(database.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        yield cursor
        connection.rollback()


def lock_of(loan_id: str) -> str:
    """Give the statement that locks a loan as the service does."""
    return f"SELECT id FROM loan WHERE id = '{loan_id}' FOR UPDATE"  # noqa: S608  # an id that we made


def waiting(database: str, number: int = 1, *, beside: bool = False) -> list[int]:
    """Wait until so many sessions of the service, or beside it, wait for a lock, and give their process ids."""

    def look() -> list[int] | None:
        pids = [int(str(pid)) for (pid,) in execute(database, WAITING % ("<>" if beside else "="))]
        return pids if len(pids) >= number else None

    return poll(look, MEET_SECONDS, f"{number} waiting for a lock")
