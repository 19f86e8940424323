# SPDX-License-Identifier: Apache-2.0
"""Without any telemetry server no request fails or waits, and the memory and the time of a stop stay bounded."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stack.ports import HOST
from tests.chain.durability import memory, reconcile
from tests.chain.durability.chain import OUTAGE_SECONDS, RATE, Chain, under_load
from tests.chain.traffic import steady_load

BACKENDS = ("prometheus", "loki", "tempo")
# Ten times what the spans that wait take, since a worker also warms up.
MOST_GROWTH = 20 * memory.MEBIBYTE
STOP_SECONDS = 10.0
# How long each takes to be seen, and at how many requests a second. Half a kilobyte a span, as what waits in a queue
# without a bound, grows too slowly for a short time.
TARGETS = {"leaking_target": (5.0, RATE)}
if memory.tells_a_slope(OUTAGE_SECONDS):
    TARGETS["unbounded_target"] = (OUTAGE_SECONDS, 3 * RATE)


def test_the_service_works_on_without_observers_and_stops_in_time(chain: Chain) -> None:
    reconcile.settle(chain)
    with nobody_observes(chain):
        with under_load(chain) as disturbed:
            growth = memory.growth_of_workers(chain.stack.pid("api"), OUTAGE_SECONDS)
        stopping = time.monotonic()
        chain.stop("api")
        stopped_in = time.monotonic() - stopping
    chain.start("api")

    print(f"workers grew by {grown(growth)}; the service stopped in {stopped_in:.1f} s")  # noqa: T201  # the figure is the result
    assert max(growth.values()) < MOST_GROWTH
    assert stopped_in < STOP_SECONDS
    reconcile.require_all_lines(chain, disturbed.since)


@pytest.mark.parametrize("target", TARGETS)
def test_a_service_that_keeps_something_of_each_request_grows(chain: Chain, target: str) -> None:
    seconds, rate = TARGETS[target]
    with chain.served_by(target), nobody_observes(chain), steady_load(chain.stack.url("nginx"), rate):
        growth = memory.growth_of_workers(chain.stack.pid("api"), seconds)

    print(f"workers grew by {grown(growth)}")  # noqa: T201  # the figure is the result
    assert max(growth.values()) > MOST_GROWTH  # of one worker, since connections that are kept share requests unevenly


@contextmanager
def nobody_observes(chain: Chain) -> Iterator[None]:
    """Kill every backend, and let connections to the collector succeed until its queue is full, and be dropped then."""
    chain.kill("otelcol", *BACKENDS)
    try:
        with socket.create_server((HOST, chain.stack.site.port("otelcol", "otlp")), backlog=4):
            yield
    finally:
        chain.start("otelcol", *BACKENDS)


def grown(growth: dict[int, float]) -> str:
    return ", ".join(f"{size / memory.MEBIBYTE:.1f} MiB" for size in growth.values())
