# SPDX-License-Identifier: Apache-2.0
"""Clients that count what they saw: a fixed mixture of requests, and a steady load in the background."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

LOANS = "/api/v1/loans"
LOAN = "/api/v1/loans/<uuid:loan_id>"
UNROUTED = ""
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
APPLICATION: dict[str, Any] = {
    "borrower_id": "0198c7a0-0000-7000-8000-000000000001",
    "currency": "EUR",
    "principal_minor": 1_000_000,
    "annual_rate_percent": "7.5",
    "term_months": 36,
}
CLIENTS = 8


@dataclass(frozen=True)
class Seen:
    """One answered request: how the service should have counted it, its trace, and how long it took."""

    route: str
    status: int
    trace_id: str
    seconds: float


@dataclass(frozen=True)
class Request:
    """One request of the mixture with the answer it must get."""

    method: str
    path: str
    route: str
    status: int
    body: dict[str, Any] | None = None


def mixture(loan_id: str) -> list[Request]:
    """List ten requests with every status that the service gives in ordinary life."""
    return [
        Request("POST", LOANS, LOANS, 201, APPLICATION),
        Request("POST", LOANS, LOANS, 201, APPLICATION),
        Request("GET", f"{LOANS}/{loan_id}", LOAN, 200),
        Request("GET", f"{LOANS}/{loan_id}", LOAN, 200),
        Request("GET", f"{LOANS}/{loan_id}", LOAN, 200),
        Request("GET", f"{LOANS}?limit=5", LOANS, 200),
        Request("GET", f"{LOANS}/{UNKNOWN_ID}", LOAN, 404),
        Request("GET", "/no/such/path", UNROUTED, 404),
        Request("PUT", LOANS, UNROUTED, 405),
        Request("POST", LOANS, LOANS, 422, APPLICATION | {"term_months": 0}),
    ]


def submit(base: str) -> str:
    """Submit one application and return the loan's id."""
    answer = requests.post(f"{base}{LOANS}", json=APPLICATION, timeout=10)
    answer.raise_for_status()
    return str(answer.json()["id"])


def send(base: str, wanted: list[Request]) -> list[Seen]:
    """Send the requests over keep-alive connections of eight clients; each must get its expected status."""
    local = threading.local()

    def one(request: Request) -> Seen:
        if not hasattr(local, "session"):
            local.session = requests.Session()
        started = time.monotonic()
        answer = local.session.request(request.method, f"{base}{request.path}", json=request.body, timeout=15)
        seconds = time.monotonic() - started
        assert answer.status_code == request.status, (request, answer.status_code, answer.text[:300])
        return Seen(request.route, answer.status_code, answer.headers["traceresponse"].split("-")[1], seconds)

    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(one, wanted))


def counts(seen: list[Seen]) -> Counter[tuple[str, str]]:
    """Count answers per route and status, in the form in which the backends label them."""
    return Counter((answer.route, str(answer.status)) for answer in seen)


@dataclass
class Load:
    """A steady load: what was answered, and what was not."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


@contextmanager
def steady_load(base: str, requests_per_second: float) -> Iterator[Load]:
    """Read loans and submit applications at a steady rate until the block ends."""
    load, stop = Load(), threading.Event()
    loan_id = submit(base)

    def client(phase: float) -> None:
        session, due = requests.Session(), time.monotonic() + phase
        while not stop.is_set():
            stop.wait(max(0.0, due - time.monotonic()))
            due += CLIENTS / requests_per_second
            _one(session, base, loan_id, load)

    clients = [
        threading.Thread(target=client, args=(number / requests_per_second,), daemon=True) for number in range(CLIENTS)
    ]
    for thread in clients:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in clients:
            thread.join()


def _one(session: requests.Session, base: str, loan_id: str, load: Load) -> None:
    started = time.monotonic()
    try:
        if len(load.seconds) % 4:
            answer = session.get(f"{base}{LOANS}/{loan_id}", timeout=15)
        else:
            answer = session.post(f"{base}{LOANS}", json=APPLICATION, timeout=15)
    except requests.RequestException as error:
        load.errors.append(repr(error))
        return
    load.seconds.append(time.monotonic() - started)
    load.statuses[answer.status_code] += 1
