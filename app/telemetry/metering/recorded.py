# SPDX-License-Identifier: Apache-2.0
"""Instruments of OpenTelemetry's API that count up numbers: one look-up and one lock per measurement."""

import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.metrics import Counter, Histogram
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.metrics.export import Histogram as HistogramData
from opentelemetry.trace import SpanContext, get_current_span
from opentelemetry.util.types import Attributes

from app.telemetry.safety import complain

Key = tuple[Any, ...]  # the attributes' values in the fence's order, None for one that is missing
NOTHING: Final[Mapping[str, Any]] = {}
Sample = tuple[float, int, SpanContext]  # what becomes an exemplar when it is read: value, time, span


class Recorded:
    """What is known of an instrument: its name, its attributes, and its series."""

    def __init__(self, name: str, unit: str, description: str, attributes: Sequence[str]) -> None:
        self.name = name
        self.unit = unit
        self.description = description
        self._attributes = tuple(attributes)
        self._lock = threading.Lock()
        self._born = time.time_ns()

    def _key(self, attributes: Attributes) -> Key:
        return tuple(map((attributes or NOTHING).get, self._attributes))

    def _named(self, key: Key) -> dict[str, Any]:
        return {name: value for name, value in zip(self._attributes, key, strict=True) if value is not None}


class _Total:
    """One series of a sum."""

    __slots__ = ("sample", "value")

    def __init__(self) -> None:
        self.value: float = 0
        self.sample: Sample | None = None


class RecordedCounter(Recorded, Counter):
    """How much was added, by attributes."""

    def __init__(self, name: str, unit: str, description: str, attributes: Sequence[str]) -> None:
        super().__init__(name, unit, description, attributes)
        self._series: dict[Key, _Total] = {}

    def add(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        """Add to a series."""
        try:
            key, sample = self._key(attributes), sample_of(amount, context)
            with self._lock:
                series = self._series.get(key)
                if series is None:
                    series = self._series[key] = _Total()
                series.value += amount
                series.sample = sample or series.sample
        except Exception as error:  # noqa: BLE001  # whoever measures has other things to do, which must not fail
            complain("measuring", error)

    def read(self, *, take_exemplars: bool) -> Metric | None:
        """Read all series; exemplars are taken by one reader, as each is told once."""
        with self._lock:
            now = time.time_ns()  # here, as what is counted later must not be told of an earlier time
            points = [
                NumberDataPoint(self._named(key), self._born, now, series.value, self._taken(series, take_exemplars))
                for key, series in self._series.items()
            ]
        data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
        return Metric(self.name, self.description, self.unit, data) if points else None

    def _taken(self, series: _Total, take: bool) -> list[Exemplar]:
        if not take or series.sample is None:
            return []
        taken, series.sample = series.sample, None
        return [exemplar_of(taken)]


class _Distribution:
    """One series of a histogram."""

    __slots__ = ("counts", "largest", "samples", "smallest", "sum")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.samples: list[Sample | None] = [None] * buckets
        self.sum = 0.0
        self.smallest = float("inf")
        self.largest = float("-inf")


class RecordedHistogram(Recorded, Histogram):
    """How often what is recorded fell into each bucket, with the last trace that did."""

    def __init__(
        self, name: str, unit: str, description: str, attributes: Sequence[str], bounds: Sequence[float]
    ) -> None:
        super().__init__(name, unit, description, attributes)
        self._bounds = tuple(bounds)
        self._series: dict[Key, _Distribution] = {}

    def record(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        """Count a value in its bucket; a bound belongs to the bucket below it."""
        try:
            key, sample = self._key(attributes), sample_of(amount, context)
            bucket = bisect_left(self._bounds, amount)
            with self._lock:
                series = self._series.get(key)
                if series is None:
                    series = self._series[key] = _Distribution(len(self._bounds) + 1)
                series.counts[bucket] += 1
                series.sum += amount
                if amount < series.smallest:  # noqa: PLR1730  # two calls would cost as much as the rest
                    series.smallest = amount
                if amount > series.largest:  # noqa: PLR1730
                    series.largest = amount
                if sample:
                    series.samples[bucket] = sample
        except Exception as error:  # noqa: BLE001  # as above
            complain("measuring", error)

    def read(self, *, take_exemplars: bool) -> Metric | None:
        """Read all series; exemplars are taken by one reader, as each is told once."""
        with self._lock:
            points = list(self._points(time.time_ns(), take_exemplars))  # the time, as above
        data = HistogramData(points, AggregationTemporality.CUMULATIVE)
        return Metric(self.name, self.description, self.unit, data) if points else None

    def _points(self, now: int, take_exemplars: bool) -> Iterator[HistogramDataPoint]:
        for key, series in self._series.items():
            yield HistogramDataPoint(
                self._named(key),
                self._born,
                now,
                sum(series.counts),
                series.sum,
                tuple(series.counts),
                self._bounds,
                series.smallest,
                series.largest,
                [exemplar_of(sample) for sample in series.samples if sample] if take_exemplars else [],
            )
            if take_exemplars:
                series.samples = [None] * len(series.samples)


def sample_of(amount: float, context: Context | None) -> Sample | None:
    """Tie a value to the trace in which it was measured, if there is one."""
    span = get_current_span(context).get_span_context()
    return (amount, time.time_ns(), span) if span.trace_flags.sampled else None


def exemplar_of(sample: Sample) -> Exemplar:
    """Tell of a sample as the exporters expect it."""
    value, when, span = sample
    return Exemplar({}, value, when, span.span_id, span.trace_id)
