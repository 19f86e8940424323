# SPDX-License-Identifier: Apache-2.0
"""A killed worker loses no log line, and of spans and measurements no more than `telemetry_lost` reports."""

import os
import signal
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import cycle, islice

import psycopg2
import pytest

from stack.polling import poll
from stack.runner import Stack
from tests.chain.agreement import SETTLE_SECONDS, settle
from tests.chain.arbiter import Arbiter, worker_in
from tests.chain.conftest import Backends
from tests.chain.losses import EXPORT_SECONDS, NOTHING, Life, Loss, losses
from tests.chain.persistent_clients import Acknowledged, persistent_clients
from tests.chain.signals import request_lines

# Four in every run, more in `nox -s nightly`.
KILLS = int(os.environ.get("KILLS", "4"))
WORKERS = 4
SLOTS = (0, 1, 0, 2, 3)  # one of them again and again: a slot's lives must not be taken for each other
# Beside the export interval of 5 s, so that each kill meets another part of it.
LIFE_SECONDS = 3.3
INTERVAL_SECONDS = 5.0


@dataclass(frozen=True)
class Aftermath:
    """What clients counted, and what the backends hold."""

    acknowledged: Acknowledged
    logged: set[str]
    losses: list[Loss]


@pytest.fixture(scope="module")
def aftermath(stack: Stack, backends: Backends) -> Aftermath:
    """Kill workers under load, one after the other, and look when everything has settled."""
    stack.restart("api")
    arbiter = Arbiter(stack.pid("api"), stack.url("api"), WORKERS)
    arbiter.wait_until_complete()
    began = dict.fromkeys(range(WORKERS), time.time())
    lives = []
    with persistent_clients(stack.url("nginx")) as acknowledged:
        for slot in islice(cycle(SLOTS), KILLS):
            time.sleep(LIFE_SECONDS)
            arbiter.wait_until_complete()
            lives.append(kill(arbiter, slot, began[slot]))
            began[slot] = lives[-1].killed
        arbiter.wait_until_complete()
        time.sleep(LIFE_SECONDS)
    ended = time.time()
    since = lives[0].began
    with suppress(TimeoutError):  # the test lists which are missing
        poll(lambda: not acknowledged.trace_ids - logged(backends, since, ended), SETTLE_SECONDS, "all lines in Loki")
    settle(backends)
    found = losses(backends.prometheus, backends.tempo, backends.loki, lives, time.time())
    return Aftermath(acknowledged, logged(backends, since, ended), found)


def kill(arbiter: Arbiter, slot: int, began: float) -> Life:
    """Kill the worker in a slot, at whatever it does."""
    pid, condemned = worker_in(arbiter.pid, slot), time.time()
    os.kill(pid, signal.SIGKILL)
    return Life(slot, began, condemned, time.time())


def logged(backends: Backends, since: float, until: float) -> set[str]:
    """List the traces that have a line."""
    return {line.labels["trace_id"] for line in request_lines(backends.loki, since, until)}


def test_each_answered_request_has_its_line(aftermath: Aftermath) -> None:
    answered = aftermath.acknowledged.trace_ids
    print(f"{len(answered)} answered, {len(aftermath.acknowledged.failures)} not")  # noqa: T201  # the result

    assert answered - aftermath.logged == set()


def test_each_acknowledged_loan_is_in_the_database(stack: Stack, aftermath: Aftermath) -> None:
    acknowledged = sorted(aftermath.acknowledged.loan_ids)

    with closing(psycopg2.connect(stack.database_url.replace("+psycopg2", ""))) as connection, connection.cursor() as c:
        c.execute("SELECT count(*) FROM loan WHERE id = ANY(%s::uuid[])", (acknowledged,))
        kept = c.fetchone()

    assert acknowledged
    assert kept == (len(acknowledged),)


def test_what_is_missing_is_what_was_reported(aftermath: Aftermath) -> None:
    for each in aftermath.losses:
        print(each)  # noqa: T201  # the figures are the result

    assert [each.silent_requests(each.report) for each in aftermath.losses] == [0] * KILLS
    assert [each.silent_spans(each.report) for each in aftermath.losses] == [0] * KILLS


def test_at_most_one_export_interval_is_missing(aftermath: Aftermath) -> None:
    ages = [each.life.killed - each.counted.last_export for each in aftermath.losses]

    assert max(ages) < INTERVAL_SECONDS + EXPORT_SECONDS


def test_without_the_reports_the_same_loss_is_silent(aftermath: Aftermath) -> None:
    requests = sum(each.silent_requests(NOTHING) for each in aftermath.losses)
    spans = sum(each.silent_spans(NOTHING) for each in aftermath.losses)
    print(f"{requests} requests and {spans} spans")  # noqa: T201  # the figure is the result

    assert requests > 0
    assert spans > 0
