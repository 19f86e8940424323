# SPDX-License-Identifier: Apache-2.0
"""Failed, slow and ordinary requests with their trace ids, and a check of the traces that were kept."""

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from psycopg2 import extensions

from stack.polling import poll
from stack.runner import Stack
from stack.tour.caller import BORROWERS, LOANS, Caller, registration
from tests.chain.broken_database import no_juniors, session
from tests.chain.counter_rises import Totals
from tests.chain.traffic import CLIENTS, UNKNOWN_ID

OBJECTIVE_SECONDS: Final = 0.5
# The line of a request and its span measure from different places: this near to the objective, either may be right.
BAND_SECONDS: Final = 0.02
# Longer than the objective and the band, shorter than the 1 s after which the service gives up waiting for a lock.
HELD_SECONDS: Final = 0.6
WAITING_SECONDS: Final = 10.0
# Of each kind one request in forty; one of five ordinary ones requests a loan that does not exist.
KIND_SHARE: Final = 40
SAMPLED: Final = 1  # the flag of W3C Trace Context
NOT_FOUND_EACH: Final = 5
Z_OF_999_PER_MILLE: Final = 3.29  # two-sided, of the normal distribution, which fits from a few hundred traces on


@dataclass
class Drive:
    """Every request that was sent, by trace id; and what the service should have counted."""

    started: float = field(default_factory=time.time)
    statuses: dict[str, int] = field(default_factory=dict)
    answered: Totals = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    recorded: set[str] = field(default_factory=set)  # those that the service marks as sampled

    @property
    def failed(self) -> set[str]:
        """Give the traces of the requests that were answered with a 5xx."""
        return {trace for trace, status in self.statuses.items() if status >= 500}

    @property
    def slow(self) -> set[str]:
        """Give the traces that did not fail and lasted certainly longer than the objective."""
        return {trace for trace, took in self.seconds.items() if took > OBJECTIVE_SECONDS + BAND_SECONDS} - self.failed

    @property
    def rest(self) -> set[str]:
        """Give the traces that certainly belong to neither."""
        quick = {trace for trace, took in self.seconds.items() if took < OBJECTIVE_SECONDS - BAND_SECONDS}
        return quick - self.failed

    def complaints(self, kept: set[str], share: float) -> list[str]:
        """List which errors and slow traces are missing, and whether the share of the rest is improbable (99.9 %)."""
        kinds = {"failed": self.failed, "slow": self.slow}
        missing = {name: traces - kept for name, traces in kinds.items()}
        said = [f"{name}: {len(gone)} of {len(kinds[name])} are missing" for name, gone in missing.items() if gone]
        return said + share_complaints("rest", len(self.rest), len(self.rest & kept), share)


def share_complaints(what: str, number: int, found: int, share: float) -> list[str]:
    """Report if the number found is outside the interval that contains 999 of 1000 samples of this share."""
    room = Z_OF_999_PER_MILLE * math.sqrt(number * share * (1 - share))
    if abs(found - number * share) <= room:
        return []
    return [f"{what}: {found} of {number} were kept, not {number * share:.0f} +- {room:.0f}"]


def drive(stack: Stack, requests: int) -> Drive:
    """Send so many requests, eight at a time: some fail, some wait for a lock, the others are ordinary."""
    done, local, lock = Drive(), threading.local(), threading.Lock()

    def send(method: str, route: str, path: str, body: dict[str, str] | None = None) -> None:
        if not hasattr(local, "caller"):
            local.caller = Caller(stack.url("api"))
        answer = local.caller.send(method, path, body)
        with lock:
            _, trace, _, flags = answer.headers["traceresponse"].split("-")
            done.statuses[trace] = answer.status_code
            if int(flags, 16) & SAMPLED:
                done.recorded.add(trace)
            done.answered[route, str(answer.status_code)] += 1

    def listing() -> None:
        send("GET", LOANS, f"{LOANS}?limit=1")

    with ThreadPoolExecutor(CLIENTS) as pool:
        provoked = requests // KIND_SHARE
        with no_juniors(stack.database_url):
            junior = {**registration(), "full_name": "Ada Example Jr"}
            finish([pool.submit(send, "POST", BORROWERS, BORROWERS, junior) for _ in range(provoked)])
        for _ in range(provoked // CLIENTS):
            with loans_locked(stack.database_url) as let_them_wait:
                waiting = [pool.submit(listing) for _ in range(CLIENTS)]
                let_them_wait()
            finish(waiting)
        unknown = ("GET", f"{LOANS}/<uuid:loan_id>", f"{LOANS}/{UNKNOWN_ID}")
        ordinary = range(requests - len(done.statuses))
        finish([pool.submit(listing) if n % NOT_FOUND_EACH else pool.submit(send, *unknown) for n in ordinary])
    done.seconds = poll(lambda: durations(stack, set(done.statuses)), WAITING_SECONDS, "the line of every request")
    return done


def finish(sent: list[Future[None]]) -> None:
    """Wait for requests, and raise what one of them raised."""
    for each in sent:
        each.result()


@contextmanager
def loans_locked(database_url: str) -> Iterator[Callable[[], None]]:
    """Lock the table of loans for the block; the given function returns when a request has waited long enough."""
    with session(database_url) as owner, session(database_url) as watch:
        owner.execute("BEGIN; LOCK TABLE loan IN ACCESS EXCLUSIVE MODE")

        def let_them_wait() -> None:
            poll(lambda: waits(watch), WAITING_SECONDS, "a request that waits for the table")
            time.sleep(HELD_SECONDS)  # the duration is what is provoked

        yield let_them_wait
        owner.execute("ROLLBACK")


def waits(cursor: extensions.cursor) -> bool:
    """Return whether a session waits for the table of loans."""
    cursor.execute("SELECT FROM pg_locks WHERE relation = 'loan'::regclass AND NOT granted")
    return cursor.rowcount > 0


def durations(stack: Stack, traces: set[str]) -> dict[str, float] | None:
    """Read how long each of these requests took, in seconds, from the service's files; None until all are there."""
    lines = (line for path in stack.log_dir.glob("api-*.jsonl") for line in path.read_text().splitlines())
    rows = (json.loads(line) for line in lines if '"http_request"' in line)
    found = {row["trace_id"]: float(row["http.server.request.duration"]) for row in rows if row["trace_id"] in traces}
    return found if found.keys() == traces else None
