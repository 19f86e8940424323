# SPDX-License-Identifier: Apache-2.0
"""One request counts as one with any number and class of workers, also when they are reloaded or recycled."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Final

import pytest

from stack.runner import Stack
from tests.chain.agreement import Moment
from tests.chain.arbiter import Arbiter, left_alone, recycled, recycling, reloaded, scaled
from tests.chain.conftest import Backends
from tests.chain.counter_rises import Totals
from tests.chain.loan_lives import LIVES
from tests.chain.patient_clients import while_lived
from tests.chain.patient_edge import as_usual, lead_to
from tests.chain.replicas import two_replicas
from tests.chain.signals import scraped

ROUNDS: Final = 4  # at least: until a disturbance is over, there are more
OURS: Final = "app.gunicorn_worker.PolledThreadWorker"
THREADS: Final = {OURS: "4", "sync": "1"}  # with more threads, Gunicorn takes "sync" for gthread
ROLLED: Final = "rolled"
DISTURBANCES: Final = {"left-alone": left_alone, "recycled": recycled, "reloaded": reloaded, "scaled": scaled}
# Each number, each class and each disturbance; left alone is in test_counts.py.
SOME: Final = [(1, "sync", "recycled"), (2, OURS, ROLLED), (4, OURS, "reloaded"), (8, "sync", "scaled")]
# `nox -s nightly` runs them all.
ALL: Final = list(product([1, 2, 4, 8], THREADS, [*DISTURBANCES, ROLLED]))
COMBINATIONS: Final = ALL if os.environ.get("EXACTNESS") == "full" else SOME


@dataclass(frozen=True)
class Service:
    """What can happen to the service, and what it has counted at /metrics."""

    disturb: Callable[[], None]
    page: Callable[[], Totals]


@pytest.mark.parametrize(("workers", "kind", "disturbance"), COMBINATIONS)
def test_every_signal_counts_what_the_client_counted(
    stack: Stack, backends: Backends, workers: int, kind: str, disturbance: str
) -> None:
    began = time.monotonic()
    configure(stack, workers, kind, recycling(workers) if disturbance == "recycled" else "")

    with serving(stack, workers, disturbance) as service:
        before = Moment.now(stack, backends, service.page)
        seen = while_lived(stack.url("nginx"), LIVES * ROUNDS, service.disturb)
        lived = time.time() - before.started
        before.require_agreement(seen)

    seconds = time.monotonic() - began
    print(f"{len(seen)} requests in {lived:.0f} s, {seconds:.0f} s with all checks")  # noqa: T201  # the result


@pytest.fixture(scope="module", autouse=True)
def _as_it_was(stack: Stack) -> Iterator[None]:
    """Restore the service for other tests."""
    usual = stack.site.overrides
    yield
    stack.site.overrides = usual
    stack.restart("api")
    as_usual(stack)


def configure(stack: Stack, workers: int, kind: str, options: str) -> None:
    """Restart the service with other workers."""
    stack.site.overrides = {
        **stack.site.overrides,
        "API_WORKERS": str(workers),
        "API_THREADS": THREADS[kind],
        "GUNICORN_CMD_ARGS": f"--worker-class {kind} {options}",
    }
    stack.restart("api")
    Arbiter(stack.pid("api"), stack.url("api"), workers).wait_until_complete()
    assert f"Using worker: {kind}" in stack.running["api"].child.first_output()


@contextmanager
def serving(stack: Stack, workers: int, disturbance: str) -> Iterator[Service]:
    """Give the service, with a second replica where one rolls."""
    if disturbance == ROLLED:
        with two_replicas(stack, workers) as replicas:
            yield Service(replicas.roll, replicas.page)
    else:
        url = stack.url("api")
        lead_to(stack, url)
        arbiter = Arbiter(stack.pid("api"), url, workers)
        yield Service(lambda: DISTURBANCES[disturbance](arbiter), lambda: scraped(url))
