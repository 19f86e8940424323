# SPDX-License-Identifier: Apache-2.0
"""Loki, Prometheus and Tempo are away under load, or hang: afterwards everything is there; two mutants lose some."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stack.polling import poll
from tests.chain.durability import mutants, reconcile, records
from tests.chain.durability.chain import (
    EXPORT_SECONDS,
    LONG,
    OUTAGE_SECONDS,
    Chain,
    Disturbed,
    Transform,
    loaded,
    under_load,
)

BACKENDS = ("loki", "prometheus", "tempo")
# Two exports of each worker, and longer than the mutant tries.
SHORT_OUTAGE_SECONDS = 5.0
WEAKER_QUEUES = (mutants.queues_in_memory, mutants.giving_up_after_two_seconds)[: 2 if LONG else 1]
# A server that hangs is met by other limits than one that is gone, and takes all that was sent when it goes on.
HANGING_SECONDS = OUTAGE_SECONDS / 2


def test_nothing_is_lost_while_all_backends_are_away(chain: Chain) -> None:
    reconcile.settle(chain)
    counted = records.requests_counted(chain)

    with under_load(chain) as disturbed:
        chain.stop(*BACKENDS)
        time.sleep(OUTAGE_SECONDS)
        waiting = records.queues(chain.stack)
        chain.start(*BACKENDS)
        returned = time.monotonic()

    require_everything(chain, disturbed, counted)
    print(f"complete {time.monotonic() - returned:.0f} s after the return; at its end waited {waiting}")  # noqa: T201  # the figure is the result
    assert min(waiting.values()) > 0


def test_nothing_is_lost_while_loki_hangs_and_the_others_stay_current(chain: Chain) -> None:
    reconcile.settle(chain)
    counted = records.requests_counted(chain)

    with under_load(chain) as disturbed:
        with hanging(chain, "loki"):
            time.sleep(HANGING_SECONDS)
            waiting, behind = records.queues(chain.stack), seconds_behind(chain)
        returned = time.monotonic()

    require_everything(chain, disturbed, counted)
    print(f"complete {time.monotonic() - returned:.0f} s after the return; at its end waited {waiting}")  # noqa: T201  # the figure is the result
    assert waiting["loki"] > 0
    assert behind < 3 * EXPORT_SECONDS


@pytest.mark.parametrize("mutant", WEAKER_QUEUES)
def test_with_a_weaker_queue_each_signal_loses_some(chain: Chain, mutant: Transform) -> None:
    with chain.mutated("otelcol", mutant), loaded(chain) as disturbed:
        chain.stop(*BACKENDS)
        time.sleep(SHORT_OUTAGE_SECONDS)
        chain.kill("otelcol")
        chain.start("otelcol", *BACKENDS)

    lines = reconcile.lost_for_good(lambda: reconcile.lines_lost(chain, disturbed.since))
    traces = reconcile.lost_for_good(lambda: len(reconcile.traces_lost(chain, disturbed)))
    print(f"{lines} lines and {traces} traces lost")  # noqa: T201  # the figure is the result
    assert lines > 0
    assert traces > 0
    assert reconcile.longest_gap(chain, disturbed) > 2 * EXPORT_SECONDS


@contextmanager
def hanging(chain: Chain, name: str) -> Iterator[None]:
    """Let a server stand still: it accepts connections, and answers nothing."""
    chain.stack.kill(name, signal.SIGSTOP)
    try:
        yield
    finally:
        chain.stack.kill(name, signal.SIGCONT)


def seconds_behind(chain: Chain) -> float:
    """Return the age of the newest sample."""
    now = time.time()
    return now - max(at for times in records.exports(chain, now - 60, now).values() for at in times)


def require_everything(chain: Chain, disturbed: Disturbed, counted: int) -> None:
    """Require every line, count, sample and trace, and that the collector has dropped nothing."""
    reconcile.require_all_lines(chain, disturbed.since)
    reconcile.require_exact_counts(chain, disturbed, counted)
    reconcile.require_all_traces(chain, disturbed)
    poll(lambda: not any(records.queues(chain.stack).values()), 10.0, "empty queues")
    assert reconcile.longest_gap(chain, disturbed) < 2 * EXPORT_SECONDS
    assert records.dropped_by_collector(chain.stack) == {}
