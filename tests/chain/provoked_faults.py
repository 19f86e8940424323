# SPDX-License-Identifier: Apache-2.0
"""Provokes faults that a running stack survives, so that the signals of these faults can be checked."""

import os
import signal
import socket
import time
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import requests

from app.access import DEV_KEYS
from stack.backends import Prometheus
from stack.polling import poll
from stack.runner import Stack
from stack.tour.caller import BORROWERS, LOANS, TIMEOUT_SECONDS, registration
from tests.chain.arbiter import worker_in
from tests.chain.backends_away import away
from tests.chain.broken_database import in_a_deadlock, key_taken, no_juniors
from tests.chain.loan_lives import LOAN, a_paid_out_loan, days_ago, money
from tests.chain.traffic import Client, Seen

CLIENT_ID = DEV_KEYS[0].client_id
# An export is tried for 2 s before it counts as failed, and the first one comes within 5 s.
TELLING_SECONDS = 60.0
# The exemplars of what was provoked before go out with the next export, each once. This is of the last one.
PROVOKED = "loan_tx_retries_total"
# What a worker takes to be missed and replaced, on a busy machine.
RESTART_SECONDS = 5.0


def provoke_faults(stack: Stack) -> list[Seen]:
    """Bring about every fault; give the requests that met one."""
    client, began = Client(stack.url("nginx")), time.time()
    client.ask(405, f"BREW {LOANS}")
    a_mistake(client, stack.database_url)
    a_key_in_use(client, stack.database_url)
    a_deadlock(client, stack.database_url)
    what_is_no_http(stack.url("api"))
    totals_that_cannot_be_kept(stack)
    a_collector_that_is_away(client, stack, began)
    a_killed_worker(client, stack)
    return client.seen


def a_mistake(client: Client, database_url: str) -> None:
    """Break a constraint that the service does not expect."""
    with no_juniors(database_url):
        client.ask(500, f"POST {BORROWERS}", body={**registration(), "full_name": "Ada Example Jr"})


def a_key_in_use(client: Client, database_url: str) -> None:
    """Use a key while another request with it is under way."""
    key = f"in-use-{os.urandom(8).hex()}"
    with key_taken(database_url, CLIENT_ID, key):
        client.ask(409, f"POST {BORROWERS}", body=registration(), headers={"Idempotency-Key": key})


def a_deadlock(client: Client, database_url: str) -> None:
    """Repay while another session holds the ledger and waits for the loan: a deadlock; the retry succeeds."""
    # Where the machine stops for a moment, the wait for the lock can be over before the deadlock is found.
    poll(lambda: repaid_in_a_deadlock(client, database_url), TELLING_SECONDS, "a repayment after a deadlock")


def repaid_in_a_deadlock(client: Client, database_url: str) -> bool:
    """Return whether the repayment of a new loan succeeded."""
    ids, body = a_paid_out_loan(client, 40), money(100, days_ago(1))
    repay = partial(client.ask, 201, f"POST {LOAN}/repayments", ids, body)
    with suppress(AssertionError):
        in_a_deadlock(database_url, ids["loan_id"], repay)
        return True
    return False


def what_is_no_http(api: str) -> None:
    """Send what no server can parse, past the edge, which would keep it."""
    place = urlsplit(api)
    with socket.create_connection((place.hostname, place.port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(b"NONSENSE / HTTP/9.9\r\n\r\n")
        connection.recv(1000)


def totals_that_cannot_be_kept(stack: Stack) -> None:
    """Put folders where the workers write their totals, and scrape."""
    folders = [path.with_suffix(".draft") for path in stack.site.telemetry_dir.glob("w*.sock")]
    with ExitStack() as made:
        for folder in folders:
            poll(partial(made_as_folder, folder), TELLING_SECONDS, str(folder))
            made.callback(folder.rmdir)
        poll(lambda: ask_for_totals(stack), TELLING_SECONDS, "totals that are not kept")


def made_as_folder(path: Path) -> bool:
    """Make a folder, unless a worker has its draft there at this moment."""
    with suppress(FileExistsError):
        path.mkdir()
        return True
    return False


def ask_for_totals(stack: Stack) -> bool:
    """Scrape, and return whether a worker has logged the failure since."""
    requests.get(f"{stack.url('api')}/metrics", timeout=TIMEOUT_SECONDS).raise_for_status()
    return written(stack, "worker_metrics_not_kept")


def a_collector_that_is_away(client: Client, stack: Stack, began: float) -> None:
    """Answer a request while the collector is away, once the signals of the earlier faults have arrived."""
    failing, prometheus = "telemetry_export_failing", Prometheus(stack.url("prometheus"))
    poll(lambda: prometheus.exemplars(PROVOKED, began, time.time()), TELLING_SECONDS, f"an exemplar of {PROVOKED}")
    with away(stack, "otelcol"):
        client.ask(200, f"GET {LOANS}?limit=1")
        poll(lambda: written(stack, failing, "traces"), TELLING_SECONDS, "a failing export of traces")
        poll(lambda: written(stack, failing, "metrics"), TELLING_SECONDS, "a failing export of metrics")


def a_killed_worker(client: Client, stack: Stack) -> None:
    """Kill workers that have just answered, until one took something along that it had not delivered."""
    arbiter = stack.running["api"].child.pid
    poll(lambda: kill_one(client, stack, arbiter), TELLING_SECONDS, "a worker's loss")


def kill_one(client: Client, stack: Stack, arbiter: int) -> bool:
    """Kill the worker that has just answered, and return whether a loss has been logged since."""
    client.ask(200, f"GET {LOANS}?limit=1")
    trace_id = client.seen[-1].trace_id
    log = next(path for path in stack.log_dir.glob("api-*-w*.jsonl") if trace_id in path.read_text())
    os.kill(worker_in(arbiter, int(log.stem.rpartition("-w")[2])), signal.SIGKILL)
    with suppress(TimeoutError):
        poll(lambda: written(stack, "telemetry_lost"), RESTART_SECONDS, "a loss")
    return written(stack, "telemetry_lost")


def written(stack: Stack, *words: str) -> bool:
    """Return whether a line with an event, and a member, is in the service's files."""
    lines = (line for path in stack.log_dir.glob("api-*.jsonl") for line in path.read_text().splitlines())
    return any(all(f'"{word}"' in line for word in words) for line in lines)
