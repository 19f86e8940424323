# SPDX-License-Identifier: Apache-2.0
"""Clients that continue during failures of the service, and record what it has acknowledged."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import requests

from stack.tour.caller import BORROWERS, LOANS, Caller, application, registration
from tests.chain.traffic import CLIENTS

PAUSE_SECONDS: Final = 0.1  # between two requests of one client: 60 a second of them all, half of what the service can
READS_PER_WRITE: Final = 3


@dataclass
class Acknowledged:
    """What clients were answered: the traces, the loans, and how often there was no answer of the service."""

    trace_ids: set[str] = field(default_factory=set)
    loan_ids: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    def note(self, answer: requests.Response) -> None:
        """Note an answer; Nginx's own has no trace."""
        _, _, trace = answer.headers.get("traceresponse", "").partition("-")
        if not trace:
            self.failures.append(str(answer.status_code))
            return
        self.trace_ids.add(trace.partition("-")[0])
        if answer.request.method == "POST" and answer.ok:
            self.loan_ids.add(answer.json()["id"])


@contextmanager
def persistent_clients(base: str) -> Iterator[Acknowledged]:
    """Read a loan and apply for others until the block ends; give what was acknowledged, and by then is complete."""
    acknowledged, over = Acknowledged(), threading.Event()
    asked = application(Caller(base).post(BORROWERS, registration())["id"])
    first = f"{LOANS}/{Caller(base).post(LOANS, asked)['id']}"

    def client() -> None:
        caller = Caller(base)
        for number in count():
            if over.wait(PAUSE_SECONDS):
                return
            try:
                reads = number % (READS_PER_WRITE + 1)
                acknowledged.note(caller.send("GET", first) if reads else caller.send("POST", LOANS, asked))
            except requests.RequestException as error:
                acknowledged.failures.append(type(error).__name__)

    clients = [threading.Thread(target=client, daemon=True) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    try:
        yield acknowledged
    finally:
        over.set()
        for each in clients:
            each.join()
