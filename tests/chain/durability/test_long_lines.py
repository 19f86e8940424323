# SPDX-License-Identifier: Apache-2.0
"""A line that is too long arrives cut, and no other is lost with it; a line in two parts arrives as one."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from stack.backends.loki import LogLine
from stack.polling import poll
from tests.chain.durability import mutants, records
from tests.chain.durability.chain import Chain
from tests.chain.durability.reconcile import lost_for_good

NEIGHBOURS = 30  # before the long line, and as many behind it: the collector hands over up to 100 lines at once
MEBIBYTE = 1024 * 1024
MOST_BYTES = 64 * 1024  # otel/collector.yaml: max_log_size
MOST_ATTRIBUTE_BYTES = 1024  # otel/collector.yaml: truncate_all
ARRIVE_SECONDS = 30.0
# Several times the collector's default for giving up on the rest of a line, 0.5 s; it looks each 0.2 s.
PAUSE_SECONDS = 1.5


def line(at: timedelta = timedelta(0), **fields: str) -> bytes:
    """Make up a line of the service."""
    timestamp = (datetime.now(UTC) + at).isoformat(timespec="microseconds")
    known = {"timestamp": timestamp, "level": "INFO", "event": "long_line_probe"}
    return json.dumps({**known, **fields}).encode()


def ending_in(rest: bytes) -> bytes:
    """Make up a line with any bytes at its end."""
    return line(rest="").removesuffix(b'"}') + rest


def with_a_long_event() -> bytes:
    """Make up a line that is not too long, until the collector writes each invalid byte as three."""
    return line(event="").replace(b'"event": ""', b'"event": "' + b"\xff" * (MOST_BYTES - 1000) + b'"')


LONG_LINES: dict[str, Callable[[], bytes]] = {
    "one byte too long": lambda: ending_in(b'"}').ljust(MOST_BYTES + 1 - 10, b" ") + b"0123456789",
    "as long as a batch": lambda: line(rest="x" * MEBIBYTE),
    "as long as several batches": lambda: line(rest="x" * 3 * MEBIBYTE),
    "no JSON": lambda: ending_in(b"word " * MEBIBYTE),
    "no UTF-8": lambda: ending_in(b"\xff" * MEBIBYTE),  # the collector writes each of these bytes as three
}
# Loki takes lines that are a week old at most, and none of the future.
REFUSED = {"of the future": timedelta(hours=1), "too old": timedelta(days=-8)}


class Probe:
    """A log file that the collector reads; the tests that compare all files never see it."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.name = f"probe-{time.time_ns()}"
        self.path = chain.stack.log_dir / f"api-{self.name}.jsonl"
        self._lines = [self.named(line(number=f"{number:02}")) for number in range(2 * NEIGHBOURS)]
        self._neighbours = Counter(each.decode() for each in self._lines)

    def named(self, long: bytes) -> bytes:
        """Put the name of the file into a line, where no cut takes it away."""
        return long.replace(b'"level"', f'"file": "{self.name}", "level"'.encode(), 1)

    def write_around(self, middle: bytes) -> None:
        """Write a line between its neighbours; the collector finds the file as a whole, never half of it."""
        lines = [*self._lines[:NEIGHBOURS], self.named(middle), *self._lines[NEIGHBOURS:]]
        unseen = self.path.with_suffix(".unseen")
        unseen.write_bytes(b"".join(each + b"\n" for each in lines))
        unseen.rename(self.path)

    def write(self, part: bytes) -> None:
        """Append a part of a line."""
        with self.path.open("ab") as file:
            file.write(part)

    def stored(self) -> Counter[str]:
        """Read what Loki has of this file."""
        return Counter(each.text for each in self._in_loki())

    def event(self, long: bytes) -> str:
        """Give the attribute `event` of a line in Loki."""
        text = long.decode(errors="replace")
        return next(each.labels["event"] for each in self._in_loki() if each.text == text)

    def missing(self) -> int:
        """Count the neighbours that Loki has not got."""
        return (self._neighbours - self.stored()).total()

    def _in_loki(self) -> list[LogLine]:
        selector = f'{{service_name="loan-service"}} |= "{self.name}"'
        return self._chain.loki.lines(selector, time.time() - 300, time.time() + 1)

    def others(self) -> list[str]:
        """Give what Loki has beside the neighbours."""
        return [*(self.stored() - self._neighbours).elements()]


@pytest.fixture
def probe(chain: Chain) -> Iterator[Probe]:
    """Give a file of its own to a test."""
    probe = Probe(chain)
    yield probe
    probe.path.unlink(missing_ok=True)


@pytest.mark.parametrize("make", LONG_LINES.values(), ids=LONG_LINES)
def test_a_long_line_arrives_cut_and_no_other_is_lost(chain: Chain, probe: Probe, make: Callable[[], bytes]) -> None:
    long = make()
    probe.write_around(long)

    poll(lambda: not probe.missing(), ARRIVE_SECONDS, "each neighbour in Loki")
    poll(probe.others, ARRIVE_SECONDS, "the long line in Loki")
    assert probe.others() == [probe.named(long)[:MOST_BYTES].decode(errors="replace").rstrip()]
    assert records.dropped_by_collector(chain.stack) == {}


def test_a_long_field_is_whole_in_the_line_and_cut_as_an_attribute(chain: Chain, probe: Probe) -> None:
    long = with_a_long_event()
    probe.write_around(long)

    poll(probe.others, ARRIVE_SECONDS, "the line in Loki")
    assert probe.others() == [probe.named(long).decode(errors="replace")]
    assert len(probe.event(probe.named(long)).encode()) <= MOST_ATTRIBUTE_BYTES
    assert records.dropped_by_collector(chain.stack) == {}


def test_with_attributes_of_any_length_loki_refuses_the_line(chain: Chain, probe: Probe) -> None:
    with chain.mutated("otelcol", mutants.attributes_of_any_length):
        probe.write_around(with_a_long_event())

        poll(lambda: records.dropped_by_collector(chain.stack), ARRIVE_SECONDS, "a loss that is counted")
        assert probe.others() == []


@pytest.mark.parametrize("age", REFUSED.values(), ids=REFUSED)
def test_a_line_that_loki_refuses_is_counted_and_no_other_is_lost(chain: Chain, probe: Probe, age: timedelta) -> None:
    try:
        probe.write_around(line(at=age))

        poll(lambda: not probe.missing(), ARRIVE_SECONDS, "each neighbour in Loki")
        assert probe.others() == []
        assert records.dropped_by_collector(chain.stack)["otelcol_exporter_send_failed_log_records_total"] > 0
    finally:
        chain.restart("otelcol")  # other tests want it to have dropped nothing


def test_with_the_default_limit_other_lines_are_lost(chain: Chain, probe: Probe) -> None:
    with chain.mutated("otelcol", mutants.lines_as_long_as_a_batch):
        probe.write_around(line(rest="x" * MEBIBYTE))

        lost = lost_for_good(probe.missing)
        print(f"{lost} of {2 * NEIGHBOURS} lines lost")  # noqa: T201  # the figure is the result
        assert lost > 0


def test_a_line_that_is_written_in_two_parts_is_one_line(probe: Probe) -> None:
    whole = probe.named(line())
    probe.write(whole[:100])
    time.sleep(PAUSE_SECONDS)
    probe.write(whole[100:] + b"\n")

    poll(probe.stored, ARRIVE_SECONDS, "the line in Loki")
    assert probe.stored() == Counter([whole.decode()])


def test_with_the_default_wait_for_its_end_it_is_two_lines(chain: Chain, probe: Probe) -> None:
    with chain.mutated("otelcol", mutants.waiting_half_a_second_for_the_end_of_a_line):
        whole = probe.named(line())
        probe.write(whole[:100])
        poll(lambda: whole[:100].decode() in probe.stored(), ARRIVE_SECONDS, "half of the line in Loki")
