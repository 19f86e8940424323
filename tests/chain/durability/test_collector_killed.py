# SPDX-License-Identifier: Apache-2.0
"""The collector is killed five times under load, and with a full queue: no line, no count and no span is lost."""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from stack.polling import poll
from stack.process import Command
from stack.server_commands import otelcol
from stack.site import Site
from tests.chain.durability import memory, mutants, reconcile, records
from tests.chain.durability.chain import EXPORT_SECONDS, OUTAGE_SECONDS, RATE, Chain, loaded, under_load
from tests.chain.traffic import steady_load

KILLS = 5
# The restart takes a second more.
DOWN_SECONDS = min(OUTAGE_SECONDS / 20, 5.0)
# Each worker gets an export through before the next kill; the one before may have failed, and be tried again.
UP_SECONDS = 60.0
GATE = "--feature-gates=stanza.synchronousLogEmitter"
FULL_SECONDS = 60.0  # the small queue has room for the lines of five
STILL_SECONDS = 1.0  # five looks of the collector at each file


def test_no_line_and_no_count_is_lost_when_the_collector_is_killed(chain: Chain) -> None:
    reconcile.settle(chain)
    counted, given_up = records.requests_counted(chain), records.spans_given_up(chain)

    longest_down = 0.0
    with under_load(chain) as disturbed:
        for _ in range(KILLS):
            longest_down = max(longest_down, kill_and_start(chain))
            wait_for_exports(chain, time.time())

    reconcile.require_exact_counts(chain, disturbed, counted)
    reconcile.require_all_lines(chain, disturbed.since)
    # One export that failed, and the wait for the next.
    one_missed = 2 * EXPORT_SECONDS + reconcile.EXPORT_TIMEOUT_SECONDS
    assert reconcile.longest_gap(chain, disturbed) <= longest_down + one_missed
    reconcile.require_all_traces(chain, disturbed)
    assert records.spans_given_up(chain) == given_up


def test_without_read_positions_from_the_end_lines_are_lost(chain: Chain) -> None:
    with chain.mutated("otelcol", mutants.reading_from_the_end):
        since = time.time()
        with steady_load(chain.stack.url("api"), RATE):
            kill_and_start(chain)

        lost = reconcile.lost_for_good(partial(reconcile.lines_lost, chain, since))
        print(f"{lost} lines lost")  # noqa: T201  # the figure is the result
        assert lost > 0


def test_no_line_is_lost_when_the_collector_is_killed_with_a_full_queue(chain: Chain) -> None:
    with chain.mutated("otelcol", mutants.small_queue_for_lines):
        since = kill_with_a_full_queue(chain)

        reconcile.require_all_lines(chain, since)


@pytest.mark.usefixtures("gate_off")
def test_without_the_gate_lines_are_lost_between_reading_and_handing_over(chain: Chain) -> None:
    with chain.mutated("otelcol", mutants.small_queue_for_lines):
        since = kill_with_a_full_queue(chain)

        lost = reconcile.lost_for_good(partial(reconcile.lines_lost, chain, since))
        print(f"{lost} lines lost")  # noqa: T201  # the figure is the result
        assert lost > 0


@pytest.fixture
def gate_off(chain: Chain) -> Iterator[None]:
    """Run the collector without the feature gate of its command line."""
    with chain.started_by("otelcol", without_gate):
        yield


def without_gate(site: Site) -> Command:
    command = otelcol(site)
    assert GATE in command.argv
    return replace(command, argv=[word for word in command.argv if word != GATE])


def kill_and_start(chain: Chain) -> float:
    """Kill the collector, start it again, and give the seconds from its end to its being ready."""
    chain.kill("otelcol")
    began = time.monotonic()
    time.sleep(DOWN_SECONDS)
    chain.start("otelcol")
    return time.monotonic() - began


def wait_for_exports(chain: Chain, since: float) -> None:
    """Wait until Prometheus has a sample of each worker from after a Unix time."""
    workers = len(memory.resident(chain.stack.pid("api")))
    poll(lambda: len(records.exports(chain, since, time.time())) == workers, UP_SECONDS, "an export of each worker")


def kill_with_a_full_queue(chain: Chain) -> float:
    """Kill the collector while it holds lines that its queue has no room for; give the Unix time of the beginning.

    A kill at any other time meets lines between reading and handing over by luck alone: the collector looks at the
    files each 200 ms and hands over each 100 ms, and the two start at the same moment. Where the one follows the other
    at once, no kill meets anything.
    """
    with loaded(chain) as disturbed:
        chain.stop("loki")
        poll(lambda: nothing_is_handed_over(chain), FULL_SECONDS, "a full queue")
        chain.kill("otelcol")
        chain.start("otelcol", "loki")
    return disturbed.since


def nothing_is_handed_over(chain: Chain) -> bool:
    """Return whether the queue has lines, and has taken no other for a while."""
    before = records.lines_handed_over(chain.stack)
    time.sleep(STILL_SECONDS)
    waiting = records.queues(chain.stack)["loki"]
    return waiting > mutants.SMALL_QUEUE_BYTES / 2 and records.lines_handed_over(chain.stack) == before
