# SPDX-License-Identifier: Apache-2.0
"""Measure two kinds of writes on the service and on the bare one, through Gunicorn, in turn."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import psycopg2

from app.access import DEV_SECRETS
from app.storage.migrate import migrate
from bench import accounts, caller, replay
from bench.crowd import NextRequest, drive, request_bytes
from bench.serving import serving
from bench.timing import Ratio, paired_ratio
from stack.postgres import Postgres

Echo = Callable[[str], None]

KINDS: Final = ("loans", "repayments")
CLIENTS: Final = (1, 8, 32)
ROUNDS: Final = 8
COPIES: Final = 60_000  # a repayment needs a loan of its own: half a minute of them at 2000 per second
WARM_CLIENTS: Final = 8  # one for each thread of all workers, so that every connection is open


@dataclass(frozen=True)
class Pair:
    """The ports of the service and of the bare one, and what is sent to each, by kind."""

    service: int
    bare: int
    requests: Mapping[str, tuple[NextRequest, NextRequest]]


@dataclass
class Run:
    """What one side did with so many clients: all requests' milliseconds, and each round's requests per second."""

    milliseconds: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)


@dataclass
class Cell:
    """One kind of write from so many clients, on both sides."""

    kind: str
    clients: int
    service: Run = field(default_factory=Run)
    bare: Run = field(default_factory=Run)

    @property
    def ratio(self) -> Ratio:
        """Divide the service's requests per second by the bare one's."""
        return paired_ratio(self.service.per_second, self.bare.per_second)


@contextmanager
def pair(copies: int, echo: Echo) -> Iterator[Pair]:
    """Run both on databases of their own that hold the same."""
    with ExitStack() as open_for_now:
        server = open_for_now.enter_context(Postgres.temporary())
        folder = Path(open_for_now.enter_context(tempfile.TemporaryDirectory(prefix="loan-bench-")))
        file = folder / "replay.json"
        service_url, bare_url, borrower_id = databases(server, folder, file, copies, echo)
        echo("starting Gunicorn twice")
        bare = open_for_now.enter_context(serving("bench.bare:app", bare_url, {"BENCH_REPLAY": str(file)}))
        service = open_for_now.enter_context(serving("app.wsgi:app", service_url, {}))
        loans = (_loans(borrower_id), _loans(borrower_id))
        yield Pair(service, bare, {"loans": loans, "repayments": (_repayments(copies), _repayments(copies))})


def databases(server: Postgres, folder: Path, file: Path, copies: int, echo: Echo) -> tuple[str, str, str]:
    """Make both databases, write the captured statements, and give the URLs and the borrower's id."""
    url = server.create("service")
    migrate(url, echo=lambda _step: None)
    app, _ = caller.build(url, folder)
    echo(f"copying a running loan {copies:,} times")
    borrower_id, original = accounts.prepare(app, url, copies)
    replays = {
        "loans": replay.record(app, "/loans", accounts.application(borrower_id), ("borrower_id", borrower_id)),
        "repayments": replay.record(app, f"/loans/{original}/repayments", accounts.repayment(), ("loan_id", original)),
    }
    replay.write(replays, file)
    caller.disconnect(app)
    with closing(psycopg2.connect(server.url().replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("CREATE DATABASE bare TEMPLATE service")
    return url, server.url("bare"), borrower_id


def measure(both: Pair, seconds: float, echo: Echo) -> list[Cell]:
    """Let crowds of each size send each kind of write for so many seconds, to both sides in turn."""
    cells = [Cell(kind, clients) for kind in KINDS for clients in CLIENTS]
    for kind in KINDS:
        for port, send in zip((both.service, both.bare), both.requests[kind], strict=True):
            drive(port, send, WARM_CLIENTS, 1.0)
    for cell in cells:
        echo(f"{cell.kind}: {cell.clients} clients")
        service, bare = both.requests[cell.kind]
        turns = [(cell.service, both.service, service), (cell.bare, both.bare, bare)]
        for number in range(ROUNDS):
            # Who comes first changes, so that what the database does afterwards falls on both.
            for run, port, send in turns if number % 2 else reversed(turns):
                tally = drive(port, send, cell.clients, seconds / ROUNDS)
                run.milliseconds += tally.milliseconds
                run.per_second.append(tally.per_second)
    return cells


def _loans(borrower_id: str) -> NextRequest:
    body = json.dumps(accounts.application(borrower_id)).encode()
    return _requests(lambda _number: "/api/v1/loans", body)


def _repayments(copies: int) -> NextRequest:
    def path(number: int) -> str:
        if number > copies:
            raise RuntimeError(f"{copies} loans were too few")
        return f"/api/v1/loans/{accounts.copy_id(number)}/repayments"

    return _requests(path, json.dumps(accounts.repayment()).encode())


def _requests(path: Callable[[int], str], body: bytes) -> NextRequest:
    numbers = count(1)  # next() on it is one step of the interpreter: no two threads get the same

    def send() -> bytes:
        number = next(numbers)
        target = path(number)
        return request_bytes(target, DEV_SECRETS["applicant"], f"{target.count('/')}-{number}", body)

    return send
