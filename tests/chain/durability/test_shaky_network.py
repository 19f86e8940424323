# SPDX-License-Identifier: Apache-2.0
"""Latency, resets, and seconds in which nothing gets through: no line is lost, and retries don't become a storm."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from stack.ports import HOST, free_port
from tests.chain.durability import mutants, reconcile, records
from tests.chain.durability.chain import OUTAGE_SECONDS, Chain, Transform, loaded, under_load
from tests.chain.durability.fault_proxy import FaultProxy, Network

DELAY_SECONDS, JITTER_SECONDS = 0.5, 0.1
# Five in a hundred, where the issue requires one: a short run has some, too.
RESET_EVERY = 20
SHAKY_SECONDS = min(OUTAGE_SECONDS / 4, 15.0)  # before the worst and after it; some hundred requests are enough
# Retries come in a storm only while nothing gets through.
REFUSING_SECONDS = 3.0
MOST_ATTEMPTS = 3  # for each batch that gets through


def test_no_line_is_lost_and_no_batch_is_sent_more_than_three_times(chain: Chain) -> None:
    reconcile.settle(chain)
    counted, given_up = records.requests_counted(chain), records.spans_given_up(chain)

    with proxies(chain) as (from_service, to_loki):
        with under_load(chain) as disturbed:
            worsen(from_service.network, to_loki.network)
            time.sleep(SHAKY_SECONDS)
            with to_loki.refusing(), from_service.refusing():
                time.sleep(REFUSING_SECONDS)
            time.sleep(SHAKY_SECONDS)
        reconcile.require_all_lines(chain, disturbed.since)
        reconcile.require_exact_counts(chain, disturbed, counted)
        reconcile.require_losses_admitted(chain, disturbed, given_up)
        assert records.dropped_by_collector(chain.stack) == {}

    for name, network in {"service to collector": from_service.network, "collector to Loki": to_loki.network}.items():
        print(f"{name}: {network.requests} requests, {network.answered} answered, {network.resets} resets")  # noqa: T201  # the figure is the result
        assert network.resets > 0
        assert network.requests <= MOST_ATTEMPTS * network.answered


def test_a_collector_that_does_not_wait_between_attempts_makes_a_storm(chain: Chain) -> None:
    with proxies(chain, mutants.retrying_at_once) as (_, to_loki), loaded(chain), to_loki.refusing():
        time.sleep(REFUSING_SECONDS)

    print(f"{to_loki.network.requests} requests, {to_loki.network.answered} answered")  # noqa: T201  # the figure is the result
    assert to_loki.network.requests > MOST_ATTEMPTS * to_loki.network.answered


def worsen(*networks: Network) -> None:
    for network in networks:
        network.delay_seconds, network.jitter_seconds = DELAY_SECONDS, JITTER_SECONDS
        network.reset_every = RESET_EVERY


@contextmanager
def proxies(chain: Chain, mutant: Transform = str) -> Iterator[tuple[FaultProxy, FaultProxy]]:
    """Put a proxy in the collector's place, so that the service needs no other address, and one before Loki."""
    site = chain.stack.site
    otlp, loki, moved = site.port("otelcol", "otlp"), site.port("loki"), free_port()
    with ExitStack() as stack:
        to_loki = stack.enter_context(FaultProxy(loki))
        redirected = redirect(
            {f"endpoint: {HOST}:{otlp}": f"endpoint: {HOST}:{moved}", f":{loki}/otlp": f":{to_loki.port}/otlp"}
        )
        stack.enter_context(chain.mutated("otelcol", lambda config: redirected(mutant(config))))
        yield stack.enter_context(FaultProxy(moved, otlp)), to_loki


def redirect(changes: dict[str, str]) -> Transform:
    """Make a change of a file that replaces texts, each of which must be there."""

    def change(config: str) -> str:
        for old, new in changes.items():
            assert old in config
            config = config.replace(old, new)
        return config

    return change
