# SPDX-License-Identifier: Apache-2.0
"""Our instruments record what the SDK's would, and are read by its readers."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.metrics import CallbackOptions, Meter, NoOpCounter, NoOpHistogram, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric, MetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from app.telemetry import safety
from app.telemetry.fences import Fence
from app.telemetry.log_sinks import OncePerMinute
from app.telemetry.metering import meter as metering
from app.telemetry.metering import recorded
from tests.telemetry.conftest import Lines

CANARY = "canary-4111-1111"
BOUNDS = (0.1, 0.5, 1.0)
FENCES = (
    Fence("duration", ("route", "status"), BOUNDS),
    Fence("events", ("kind",)),
    Fence("waiting", ("state",)),
    Fence("level"),
    Fence("sent", ("outcome",)),
)
ROUTES = st.sampled_from([{"route": "/a", "status": 200}, {"route": "/a", "status": 500}, {"status": 404}, {}])
DURATIONS = st.lists(st.tuples(st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.5, 1.0, 7.0]), ROUTES), max_size=30)


@pytest.fixture(autouse=True)
def fences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "FENCES", FENCES)


def provider(*readers: MetricReader) -> Meter:
    page, *others = readers
    return metering.FencedMeterProvider(Resource.create({"service.name": "x"}), page, others).get_meter("anybody")


def metrics(reader: InMemoryMetricReader) -> dict[str, Metric]:
    data = reader.get_metrics_data()
    assert data is not None
    return {
        metric.name: metric
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


@given(DURATIONS)
def test_a_histogram_holds_what_the_sdks_would(durations: list[tuple[float, dict[str, Any]]]) -> None:
    theirs = InMemoryMetricReader()
    view = View(instrument_name="duration", aggregation=ExplicitBucketHistogramAggregation(BOUNDS))
    sdk = MeterProvider([theirs], views=[view], shutdown_on_exit=False).get_meter("x")
    fenced = metering.FencedMeter(FENCES)

    for seconds, attributes in durations:
        for meter in (sdk, fenced):
            meter.create_histogram("duration", "s").record(seconds, attributes)

    ours = {metric.name: metric for metric in fenced.read(for_export=False)}
    assert points(ours) == (points(metrics(theirs)) if durations else [])


def points(read: dict[str, Metric]) -> list[dict[str, Any]]:
    """Give a histogram's points without their times."""
    found = [vars(point) for metric in read.values() for point in metric.data.data_points]
    return sorted(
        (
            {
                "attributes": dict(point["attributes"]),
                "buckets": list(zip([*point["explicit_bounds"], "more"], point["bucket_counts"], strict=True)),
                **{name: point[name] for name in ("count", "sum", "min", "max")},
            }
            for point in found
        ),
        key=lambda point: str(point["attributes"]),
    )


def test_a_counter_adds_up_over_threads() -> None:
    reader = InMemoryMetricReader()
    counter = provider(reader).create_counter("events")

    def count() -> None:
        for _ in range(500):
            counter.add(1, {"kind": "a"})

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [point] = metrics(reader)["events"].data.data_points
    assert point.value == 4000  # type: ignore[union-attr]


def test_no_point_is_older_than_its_series() -> None:
    reader = InMemoryMetricReader()
    meter = provider(reader)
    counter, duration = meter.create_counter("events"), meter.create_histogram("duration")

    # To Prometheus a series begins at zero at its start: a point before that would be a reset, and counted twice.
    for number in range(200):
        counter.add(1, {"kind": str(number)})
        duration.record(0.3, {"route": str(number)})
        for metric in metrics(reader).values():
            assert all(point.start_time_unix_nano <= point.time_unix_nano for point in metric.data.data_points)


def test_a_point_tells_nothing_that_was_counted_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = metering.FencedMeter(FENCES)
    counter, duration = meter.create_counter("events"), meter.create_histogram("duration")
    counter.add(1)
    duration.record(0.3)
    late = (lambda: counter.add(1), lambda: duration.record(0.3))  # in the order of their reading
    waiting: list[threading.Thread] = []

    class Clock:
        @staticmethod
        def time_ns() -> int:
            now = time.time_ns()
            read_now = len(waiting) // len(late)
            for number, measure in enumerate(late):
                waiting.append(threading.Thread(target=measure))
                waiting[-1].start()
                # What is being read has to wait, and would not need as long; the other goes ahead on any machine.
                waiting[-1].join(0.1 if number == read_now else 10)
            return now

    monkeypatch.setattr(recorded, "time", Clock)
    read = {metric.name: metric.data.data_points for metric in meter.read(for_export=False)}
    for thread in waiting:
        thread.join()

    # The one that is read later tells also what was counted when the first was read, which was before its own time.
    assert [point.value for point in read["events"]] == [1]  # type: ignore[union-attr]
    assert [point.count for point in read["duration"]] == [2]  # type: ignore[union-attr]


def test_an_observed_point_is_no_older_than_what_it_tells() -> None:
    reader, observed_at = InMemoryMetricReader(), list[int]()

    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        observed_at.append(time.time_ns())
        return [Observation(1)]

    provider(reader).create_observable_counter("sent", [observe])

    [point] = metrics(reader)["sent"].data.data_points
    assert point.time_unix_nano >= observed_at[0]


def test_an_exemplar_is_told_once_to_the_exporter_and_never_to_the_page() -> None:
    page, exporter = InMemoryMetricReader(), InMemoryMetricReader()
    meter = provider(page, exporter)
    duration, events = meter.create_histogram("duration"), meter.create_counter("events")
    with TracerProvider(shutdown_on_exit=False).get_tracer("x").start_as_current_span("request") as span:
        duration.record(0.3)
        events.add(2)

    def told(reader: InMemoryMetricReader) -> list[tuple[float, int | None]]:
        read = metrics(reader)
        found = [point for name in ("duration", "events") for point in read[name].data.data_points]
        return [(each.value, each.trace_id) for point in found for each in point.exemplars]

    trace_id = span.get_span_context().trace_id
    assert told(page) == []
    assert told(exporter) == [(0.3, trace_id), (2, trace_id)]
    assert told(exporter) == []


def test_what_has_no_fence_does_nothing() -> None:
    reader = InMemoryMetricReader()
    meter = provider(reader)

    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(1)]

    counter, unfenced = meter.create_counter("surprise"), meter.create_histogram("surprise")
    counter.add(1)
    unfenced.record(1)
    meter.create_observable_counter("surprise", [observe])
    meter.create_observable_gauge("surprise", [observe])
    meter.create_observable_up_down_counter("surprise", [observe])
    meter.create_up_down_counter("waiting").add(1)

    assert isinstance(counter, NoOpCounter)
    assert isinstance(unfenced, NoOpHistogram)
    assert metrics(reader) == {}


def test_an_instrument_that_is_asked_for_twice_is_one() -> None:
    reader = InMemoryMetricReader()
    meter = provider(reader)

    meter.create_counter("events").add(1)
    meter.create_counter("events").add(1)
    meter.create_histogram("events").record(1)  # a name that something else has: it records, and is never read

    [point] = metrics(reader)["events"].data.data_points
    assert point.value == 2  # type: ignore[union-attr]


@pytest.mark.usefixtures("observed")
def test_observed_values_are_fenced_in_and_one_that_fails_is_told_once(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safety, "_complaints", defaultdict(OncePerMinute))
    reader = InMemoryMetricReader()
    meter = provider(reader)

    def fails(_options: CallbackOptions) -> Iterable[Observation]:
        raise ValueError(CANARY)

    def waiting(_options: CallbackOptions) -> Iterable[Observation]:
        yield Observation(3, {"state": "idle", "loan.id": "7"})

    meter.create_observable_up_down_counter("waiting", [fails, waiting])
    meter.create_observable_gauge("level", [fails])
    meter.create_observable_counter("sent", [lambda _options: [Observation(5, {"outcome": "ok"})]])
    metrics(reader)
    read = metrics(reader)

    assert set(read) == {"waiting", "sent"}
    [point] = read["waiting"].data.data_points
    assert (point.value, point.attributes) == (3, {"state": "idle"})  # type: ignore[union-attr]
    [said] = lines()
    assert (said["event"], said["doing"], said["exception.type"]) == ("telemetry_failed", "observing", "ValueError")
    assert CANARY not in str(said)
