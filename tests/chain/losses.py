# SPDX-License-Identifier: Apache-2.0
"""Data lost with killed workers: what is missing in each backend, and what the service reports as missing."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

from stack.backends import LogLine, Loki, Prometheus, Tempo
from tests.chain.counter_rises import SERVICE
from tests.chain.signals import COUNT, KEYS, ROUTE, STATUS, reports, request_lines

READERS: Final = 4
SECOND: Final = 1e9  # nanoseconds
EXPORT_SECONDS: Final = 2.0  # what is on its way may take as long as its timeout


class Life(NamedTuple):
    """A worker from its start to its kill, in Unix times: from just before the signal was sent to just after."""

    slot: int
    began: float
    condemned: float
    killed: float

    @property
    def ending(self) -> str:
        """Give the end of the worker's instance id; all lives are of one instance."""
        return f"-w{self.slot}"

    def has(self, line: LogLine) -> bool:
        """Return whether this worker wrote a line: the next one in its slot has the same name."""
        return line.labels["service_instance_id"].endswith(self.ending) and (
            self.began * SECOND < line.timestamp_ns <= self.killed * SECOND
        )


class Report(NamedTuple):
    """The loss of a worker as the service reported it."""

    requests_in_flight: int = 0
    requests_unexported: int = 0
    spans_lost: int = 0
    spans_unconfirmed: int = 0


NOTHING: Final = Report()


class Counted(NamedTuple):
    """The requests of a life in Prometheus: all, those before the last export, and when that was."""

    requests: int
    earlier: int
    last_export: float


@dataclass(frozen=True)
class Loss:
    """What a worker has logged, what of it arrived elsewhere, and what was reported."""

    life: Life
    logged: int
    counted: Counted
    spans_due: int
    spans_kept: int
    spans_of_one: int  # request, at most
    report: Report

    def silent_requests(self, report: Report) -> int:
        """Count the requests that are missing and not reported, or reported and not missing."""
        least, most = report.requests_unexported, report.requests_unexported + report.requests_in_flight
        silent = outside(self.logged - self.counted.requests, least, most)
        if self.life.killed - self.counted.last_export < EXPORT_SECONDS:
            # It arrived, but the worker may not have lived to learn that.
            silent = min(silent, outside(self.logged - self.counted.earlier, least, most))
        return silent

    def silent_spans(self, report: Report) -> int:
        """Count the spans alike; of a request in flight, any number has ended."""
        least, unknown = report.spans_lost, report.requests_in_flight * self.spans_of_one
        most = least + report.spans_unconfirmed + unknown
        return outside(self.spans_due - self.spans_kept, least - unknown, most)

    def __str__(self) -> str:
        age = self.life.killed - self.counted.last_export
        return (
            f"w{self.life.slot}: {self.logged} requests logged, {self.counted.requests} counted; {self.spans_due} "
            f"spans due, {self.spans_kept} kept; last export {age:.1f} s before; {self.report}"
        )


def outside(value: int, least: int, most: int) -> int:
    """Give the distance of a value from what it may be."""
    return max(least - value, value - most, 0)


def losses(prometheus: Prometheus, tempo: Tempo, loki: Loki, lives: Sequence[Life], until: float) -> list[Loss]:
    """Add up what is missing of each life."""
    since = min(life.began for life in lives)
    lines = request_lines(loki, since, until)
    kept = spans_kept(tempo, lines)
    due = spans_due(lines, kept)
    reported = reports(loki, since, until)
    found = []
    for life in lives:
        of_life = [line for line in lines if life.has(line)]
        found.append(
            Loss(
                life,
                len(of_life),
                exported(prometheus, life),
                sum(due[kind(line)] for line in of_life),
                sum(kept[line.labels["trace_id"]] for line in of_life),
                max(due.values()),
                report_on(life, reported, min(later(life, lives), default=until)),
            )
        )
    return found


def spans_kept(tempo: Tempo, lines: Iterable[LogLine]) -> dict[str, int]:
    """Count the spans of each trace in Tempo."""
    ids = [line.labels["trace_id"] for line in lines]
    with ThreadPoolExecutor(READERS) as pool:
        return dict(zip(ids, pool.map(lambda one: len(tempo.trace(one)), ids), strict=True))


def spans_due(lines: Iterable[LogLine], kept: dict[str, int]) -> dict[tuple[str, str], int]:
    """Learn from most requests of a kind how many spans one has."""
    numbers: dict[tuple[str, str], Counter[int]] = {}
    for line in lines:
        numbers.setdefault(kind(line), Counter())[kept[line.labels["trace_id"]]] += 1
    return {each: number.most_common(1)[0][0] for each, number in numbers.items()}


def kind(line: LogLine) -> tuple[str, str]:
    """Return the kind of request of a line; here, each route has one method."""
    return line.labels.get(ROUTE, ""), line.labels[STATUS]


def exported(prometheus: Prometheus, life: Life) -> Counted:
    """Read what Prometheus has of a life; its series have their samples at the times of the exports."""
    selector = f'{{__name__=~"{COUNT}|{KEYS}",{SERVICE},instance=~".+{life.ending}"}}'  # one is there before a request
    found = prometheus.series(selector, life.began, life.killed)
    last = max((each.samples[-1][0] for each in found), default=life.began)
    series = [each.samples for each in found if each.labels["__name__"] == COUNT]
    earlier = [[value for at, value in samples if at < last] for samples in series]
    return Counted(
        round(sum(samples[-1][1] for samples in series)),
        round(sum(values[-1] for values in earlier if values)),
        last,
    )


def later(life: Life, lives: Iterable[Life]) -> list[float]:
    """List when the slot's next workers were killed."""
    return [other.condemned for other in lives if other.slot == life.slot and other.killed > life.killed]


def report_on(life: Life, lines: Iterable[LogLine], until: float) -> Report:
    """Find the report on a life: the one on its slot between its end and that of the next."""
    for line in lines:
        fields = json.loads(line.text)
        # Lines have whole milliseconds; the arbiter may have written this one before we looked at the clock again.
        if fields["worker"] == life.slot and (life.condemned - 0.001) * SECOND < line.timestamp_ns <= until * SECOND:
            return Report(*(fields[name] for name in Report._fields))
    return NOTHING
