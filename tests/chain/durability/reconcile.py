# SPDX-License-Identifier: Apache-2.0
"""Compare the records after a fault, each as soon as it can be complete."""

import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from statistics import mode

from stack.polling import poll
from tests.chain.durability import records
from tests.chain.durability.chain import EXPORT_SECONDS, Chain, Disturbed

# An empty queue and one more reading of the files take a second; a busy machine needs many of them.
CATCH_UP_SECONDS = 120.0
# Tempo finds a trace 3 s after its last span, which can be once the look before has passed.
STILL_SECONDS, STILL_LOOKS = 2.0, 2
MAX_DUPLICATES = 0.01
EXPORT_TIMEOUT_SECONDS = 2.0  # OTEL_EXPORTER_OTLP_TIMEOUT


def settle(chain: Chain) -> None:
    """Wait until nothing is on its way: all queues are empty, and Prometheus counts what the workers count."""
    poll(lambda: not records.spans_under_way(chain.stack), CATCH_UP_SECONDS, "an answer for each span")
    poll(lambda: not any(records.queues(chain.stack).values()), CATCH_UP_SECONDS, "empty queues")
    poll(
        lambda: records.requests_counted(chain) == records.requests_served(chain.stack),
        CATCH_UP_SECONDS,
        "everything counted in Prometheus",
    )


def require_all_lines(chain: Chain, since: float) -> None:
    """Require in Loki each line of the files, and hardly one twice."""
    written = records.lines_written(chain.stack, since)
    poll(lambda: not written - records.lines_stored(chain, since), CATCH_UP_SECONDS, "every line in Loki")
    stored = records.lines_stored(chain, since)
    doubled = sum(number - written[line] for line, number in stored.items() if line in written)
    print(f"{written.total()} lines written, 0 lost, {doubled} stored twice")  # noqa: T201  # the figure is the result
    assert doubled <= MAX_DUPLICATES * written.total()
    assert not stored - records.lines_written(chain.stack, since)


def lost_for_good(look: Callable[[], int]) -> int:
    """Count what is missing once it becomes no less."""
    missing, end, still = look(), time.monotonic() + CATCH_UP_SECONDS, 0
    while missing and still < STILL_LOOKS and time.monotonic() < end:
        time.sleep(STILL_SECONDS)
        before, missing = missing, look()
        still = still + 1 if missing == before else 0
    return missing


def lines_lost(chain: Chain, since: float) -> int:
    """Count the lines of the files that Loki has not got."""
    return (records.lines_written(chain.stack, since) - records.lines_stored(chain, since)).total()


def require_exact_counts(chain: Chain, disturbed: Disturbed, counted_before: int) -> None:
    """Require as many requests in Prometheus as the client has answers."""
    asked = disturbed.requests
    poll(
        lambda: records.requests_counted(chain) - counted_before >= asked,
        CATCH_UP_SECONDS,
        f"{asked} requests in Prometheus",
    )
    assert records.requests_counted(chain) - counted_before == asked


def longest_gap(chain: Chain, disturbed: Disturbed) -> float:
    """Give the longest time in which Prometheus has no sample of a worker's export, up to the first after the load.

    The time that the machine stood still is not in it.
    """
    found = records.exports(chain, disturbed.since, disturbed.until + 2 * EXPORT_SECONDS)
    between = [pair for times in found.values() for pair in pairwise(times)]
    gaps = [later - earlier - disturbed.load.pauses.within(earlier, later) for earlier, later in between]
    samples = {instance: len(times) for instance, times in found.items()}
    print(f"samples of {disturbed.until - disturbed.since:.0f} s: {samples}; longest gap {max(gaps):.1f} s")  # noqa: T201  # the figure is the result
    return max(gaps)


def traces_lost(chain: Chain, disturbed: Disturbed) -> set[str]:
    """Give the answered requests whose trace Tempo does not find by its time."""
    found = records.traces_stored(chain, disturbed.since, disturbed.until)
    return disturbed.load.answered_at.keys() - found.keys()


def require_all_traces(chain: Chain, disturbed: Disturbed) -> None:
    """Require a whole trace in Tempo of each answered request."""
    poll(lambda: not traces_lost(chain, disturbed), CATCH_UP_SECONDS, "every trace in Tempo")
    poll(lambda: not traces_in_part(chain, disturbed), CATCH_UP_SECONDS, "every span in Tempo")
    print(f"{len(disturbed.load.answered_at)} traces, 0 lost, all whole")  # noqa: T201  # the figure is the result


def usual_sizes(traces: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    """Give how many spans most traces of each name have."""
    sizes: dict[str, list[int]] = {}
    for name, spans in traces.values():
        sizes.setdefault(name, []).append(spans)
    return {name: mode(numbers) for name, numbers in sizes.items()}


def traces_in_part(chain: Chain, disturbed: Disturbed) -> set[str]:
    """Give the traces that have fewer spans than most of their name."""
    found = records.traces_stored(chain, disturbed.since, disturbed.until)
    usual = usual_sizes(found)
    small = {trace: usual[name] for trace, (name, spans) in found.items() if spans < usual[name]}
    # A search counts only one part of a trace whose spans came in two exports.
    return {trace for trace, spans in small.items() if len(chain.tempo.trace(trace)) < spans}


def require_losses_admitted(chain: Chain, disturbed: Disturbed, given_up_before: int) -> int:
    """Require that the service has counted as undelivered what is missing, and not much else; give the lost traces."""
    settle(chain)
    lost = lost_for_good(lambda: len(traces_lost(chain, disturbed)))
    admitted = records.spans_given_up(chain) - given_up_before
    partly = len(traces_in_part(chain, disturbed))
    sizes = usual_sizes(records.traces_stored(chain, disturbed.since, disturbed.until)).values()
    print(f"{len(disturbed.load.answered_at)} traces, {lost} lost, {partly} in part; {admitted} spans counted as lost")  # noqa: T201  # the figure is the result
    assert min(sizes) * lost <= admitted <= max(sizes) * (lost + partly)
    return lost
