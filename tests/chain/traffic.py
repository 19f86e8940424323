# SPDX-License-Identifier: Apache-2.0
"""Clients that count their answers: complete loans in parallel, and a steady load in the background."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from stack.tour.caller import BORROWERS, LOANS, Caller, application, registration
from tests.chain.pauses import Pauses, noticing_pauses

UNROUTED = ""
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
CLIENTS = 8
PLACE = re.compile(r"<uuid:(\w+)>")
OUTCOMES = {"idempotency_key_reused": "mismatch", "idempotency_key_in_flight": "in_progress"}


@dataclass(frozen=True)
class Seen:
    """One answered request: how the service should have counted it, its trace, and what became of its key."""

    route: str
    status: int
    trace_id: str
    key_outcome: str


class Client:
    """Calls the API with each of the keys of development, and records the answers."""

    def __init__(self, base: str) -> None:
        self.seen: list[Seen] = []
        self._callers = {key: Caller(base, key) for key in ("applicant", "officer", "auditor", "rival")}

    def ask(  # noqa: PLR0917  # what a request is made of
        self,
        status: int,
        request: str,
        ids: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        by: str = "applicant",
        headers: Mapping[str, str | None] | None = None,
    ) -> requests.Response:
        """Send "GET /a/<uuid:b>?c=d", which must get this status; the ids take their places in the route."""
        method, address = request.split(" ")
        route, _, query = address.partition("?")
        path = PLACE.sub(lambda place: (ids or {})[place[1]], route)
        answer = self._callers[by].send(method, f"{path}?{query}" if query else path, body, headers)
        assert answer.status_code == status, (request, answer.status_code, answer.text[:300])
        trace_id = answer.headers["traceresponse"].split("-")[1]
        counted = UNROUTED if status == 405 or "/no/" in route else route
        self.seen.append(Seen(counted, status, trace_id, _key_outcome(method, answer)))
        return answer

    def read(self, request: str, ids: Mapping[str, str]) -> Any:  # noqa: ANN401  # JSON is what it is
        """Get a document."""
        return self.ask(200, request, ids).json()

    def write(self, request: str, ids: Mapping[str, str], body: Mapping[str, object], by: str = "applicant") -> str:
        """Make something, and give its id."""
        return str(self.ask(201, f"POST {request}", ids, body, by).json()["id"])


def _key_outcome(method: str, answer: requests.Response) -> str:
    """Return the expected outcome of the request's key: empty without a key, or if refused for another reason."""
    if method != "POST" or answer.url.endswith(("/quotes", "/search")):
        return ""
    if answer.ok:
        return "replayed" if answer.headers.get("Idempotent-Replayed") == "true" else "first"
    return OUTCOMES.get(answer.json()["code"], "")


def side_by_side(base: str, lives: Sequence[Callable[[Client], object]]) -> list[Seen]:
    """Live many lives, eight at a time, each in order; give everything that was seen."""
    local = threading.local()
    clients: list[Client] = []

    def one(life: Callable[[Client], object]) -> None:
        if not hasattr(local, "client"):
            local.client = Client(base)
            clients.append(local.client)
        life(local.client)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(one, lives))
    return [seen for client in clients for seen in client.seen]


@dataclass
class Load:
    """A steady load: what was answered, and what was not."""

    answers: list[tuple[float, float]] = field(default_factory=list)  # Unix time, and the seconds that it took
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    answered_at: dict[str, float] = field(default_factory=dict)  # Unix time by trace id
    pauses: Pauses = field(default_factory=Pauses)

    @property
    def seconds(self) -> list[float]:
        """Give how long each answer took, without the time that the machine stood still."""
        return [took - self.pauses.within(at - took, at) for at, took in self.answers]


@contextmanager
def steady_load(base: str, requests_per_second: float) -> Iterator[Load]:
    """Read loans and submit applications at a steady rate until the block ends."""
    stop = threading.Event()
    asked = application(Caller(base).post(BORROWERS, registration())["id"])
    loan_id = str(Caller(base).post(LOANS, asked)["id"])

    def client(phase: float) -> None:
        caller, due = Caller(base), time.monotonic() + phase
        while not stop.is_set():
            stop.wait(max(0.0, due - time.monotonic()))
            due += CLIENTS / requests_per_second
            _one(caller, asked, loan_id, load)

    clients = [
        threading.Thread(target=client, args=(number / requests_per_second,), daemon=True) for number in range(CLIENTS)
    ]
    with noticing_pauses() as pauses:
        load = Load(pauses=pauses)
        for thread in clients:
            thread.start()
        try:
            yield load
        finally:
            stop.set()
            for thread in clients:
                thread.join()


def _one(caller: Caller, asked: Mapping[str, object], loan_id: str, load: Load) -> None:
    started = time.monotonic()
    reads = len(load.answers) % 4
    try:
        answer = caller.send("GET", f"{LOANS}/{loan_id}") if reads else caller.send("POST", LOANS, asked)
    except requests.RequestException as error:
        load.errors.append(repr(error))
        return
    took, now = time.monotonic() - started, time.time()
    load.answers.append((now, took))
    load.statuses[answer.status_code] += 1
    load.answered_at[answer.headers.get("traceresponse", "--").split("-")[1]] = now
