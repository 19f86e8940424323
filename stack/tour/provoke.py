# SPDX-License-Identifier: Apache-2.0
"""Make one request slow and one fail by a real fault: a lock held on the loans' table."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2

from app.database_url import connection_arguments
from stack.objectives import slow_seconds
from stack.tour.caller import LOANS, Caller

ROUTE = "/api/v1/loans/<uuid:loan_id>"
# Longer than the latency objective allows, shorter than the service's lock_timeout of 1 s.
SLOW_SECONDS = slow_seconds() + 0.15
# The service gives up after its lock_timeout, so the lock only has to outlast that; the bound is for a hung client.
LONGEST_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Answer:
    """What the client saw of one request."""

    status: int
    seconds: float
    trace_id: str
    body: dict[str, Any]


def slow_request(api: str, database_url: str, loan_id: str) -> Answer:
    """Read a loan while another session holds its table for SLOW_SECONDS."""
    with _locked_loans(database_url) as release:
        threading.Timer(SLOW_SECONDS, release.set).start()
        return _read(api, loan_id)


def failing_request(api: str, database_url: str, loan_id: str) -> Answer:
    """Read a loan while another session holds its table until the service gives up with 503."""
    with _locked_loans(database_url):
        return _read(api, loan_id)


def _read(api: str, loan_id: str) -> Answer:
    started = time.monotonic()
    answer = Caller(api).send("GET", f"{LOANS}/{loan_id}")
    seconds = time.monotonic() - started
    # traceresponse: 00-<trace id>-<span id>-<flags>
    trace_id = re.fullmatch(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", answer.headers.get("traceresponse", ""))
    if trace_id is None:
        raise RuntimeError(f"{answer.url} answered {answer.status_code} without a traceresponse header")
    return Answer(answer.status_code, seconds, trace_id.group(1), answer.json())


@contextmanager
def _locked_loans(database_url: str) -> Iterator[threading.Event]:
    """Hold the table from a thread of its own until the event is set or the block ends."""
    held, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=_hold, args=(database_url, held, release), daemon=True)
    holder.start()
    if not held.wait(LONGEST_LOCK_SECONDS):
        raise RuntimeError("could not lock the loans' table: is PostgreSQL up?")
    try:
        yield release
    finally:
        release.set()
        holder.join()


def _hold(database_url: str, held: threading.Event, release: threading.Event) -> None:
    connection = psycopg2.connect(**connection_arguments(database_url))
    try:
        connection.cursor().execute("LOCK TABLE loan IN ACCESS EXCLUSIVE MODE")
        held.set()
        release.wait(LONGEST_LOCK_SECONDS)
    finally:
        connection.close()
