# SPDX-License-Identifier: Apache-2.0
"""A series begins just before its first measurement, whenever that is: else Prometheus misses its first values."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from flask import Flask
from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from app.factory import set_up_telemetry
from app.settings import Settings
from app.telemetry.delivery.metrics import RESOLUTION_NANOSECONDS, SeriesStarts
from stack.polling import poll
from stack.ports import HOST, free_port
from tests.telemetry.conftest import add_routes

Point = Any
Where = Callable[[Point], bool]


@dataclass
class Exports:
    """What was exported, one after the other."""

    data: list[MetricsData] = field(default_factory=list)

    def points(self, export: int, metric: str) -> list[Point]:
        return [
            point
            for resource in self.data[export].resource_metrics
            for scope in resource.scope_metrics
            for each in scope.metrics
            if each.name == metric
            for point in each.data.data_points
        ]

    def born(self, metric: str, where: Where) -> tuple[int, Point] | None:
        """Give the first export of a series, and its point."""
        for export in range(len(self.data)):
            for point in filter(where, self.points(export, metric)):
                return export, point
        return None


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> Exports:
    """Keep what leaves."""
    kept = Exports()

    def export(_self: object, data: MetricsData, *_arguments: object, **_named: object) -> MetricExportResult:
        kept.data.append(data)
        return MetricExportResult.SUCCESS

    monkeypatch.setattr(OTLPMetricExporter, "export", export)
    return kept


@pytest.fixture
def app(settings: Settings, exports: Exports, clean_process: None) -> Flask:  # noqa: ARG001  # in this order
    """Export 20 times a second."""
    otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{free_port()}", "OTEL_METRIC_EXPORT_INTERVAL": "50"}
    app = Flask("loans")
    set_up_telemetry(app, replace(settings, otel=otel))
    add_routes(app)
    return app


def assert_born_between(exports: Exports, metric: str, where: Where, before: int, after: int) -> None:
    export, point = poll(lambda: exports.born(metric, where), 20, "the series")
    last_without = max(each.time_unix_nano for each in exports.points(export - 1, "loan.applications"))
    # The time of a point is that of the collection's start: a collection under way has one before the measurement.
    assert min(before, point.time_unix_nano) - RESOLUTION_NANOSECONDS <= point.start_time_unix_nano < after
    assert last_without - RESOLUTION_NANOSECONDS <= point.start_time_unix_nano
    assert point.start_time_unix_nano + RESOLUTION_NANOSECONDS <= point.time_unix_nano
    assert [each for each in point.exemplars if each.time_unix_nano < point.start_time_unix_nano] == []


def test_a_histogram_that_is_born_late_begins_when_it_is_born(app: Flask, exports: Exports) -> None:
    app.test_client().get("/loans/7")  # the instrument has a series from now on
    poll(lambda: exports.born("http.server.request.duration", lambda _point: True), 20, "the first series")

    before = time.time_ns()
    app.test_client().put("/loans/7")
    after = time.time_ns()

    late: Where = lambda point: point.attributes.get("http.response.status_code") == 405  # noqa: E731  # a name for it
    assert_born_between(exports, "http.server.request.duration", late, before, after)


def test_a_counter_that_is_born_late_begins_when_it_is_born(app: Flask, exports: Exports) -> None:
    counter = metrics.get_meter("app.own").create_counter("own.calls")
    counter.add(1, {"kind": "early"})
    poll(lambda: exports.born("own.calls", lambda _point: True), 20, "the first series")

    before = time.time_ns()
    counter.add(20, {"kind": "late"})
    after = time.time_ns()

    assert_born_between(exports, "own.calls", lambda point: point.attributes["kind"] == "late", before, after)
    assert app.name == "loans"


def data_of(*points: NumberDataPoint) -> MetricsData:
    total = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
    scope = ScopeMetrics(InstrumentationScope("app"), [Metric("own.calls", "", "1", total)], "")
    return MetricsData([ResourceMetrics(Resource({}), [scope], "")])


def prepared(starts: SeriesStarts, *points: NumberDataPoint) -> list[Point]:
    return list(starts.prepared(data_of(*points)).resource_metrics[0].scope_metrics[0].metrics[0].data.data_points)


def test_a_series_that_is_born_during_a_collection_begins_before_it_and_does_not_move() -> None:
    starts, millisecond = SeriesStarts(), RESOLUTION_NANOSECONDS

    [born] = prepared(starts, NumberDataPoint({"kind": "a"}, 1002 * millisecond, 1000 * millisecond, 1))
    [later, other] = prepared(
        starts,
        NumberDataPoint({"kind": "a"}, 1002 * millisecond, 2000 * millisecond, 2),
        NumberDataPoint({"kind": "b"}, 1500 * millisecond, 2000 * millisecond, 1),
    )

    assert born.start_time_unix_nano == later.start_time_unix_nano == 999 * millisecond
    assert other.start_time_unix_nano == 1499 * millisecond


def test_an_exemplar_has_no_more_than_its_series_and_a_gauge_has_no_start() -> None:
    exemplar = Exemplar({"client.address": "canary"}, 1.0, 5, 6, 7)

    [point] = prepared(SeriesStarts(), NumberDataPoint({}, None, 10, 1, [exemplar]))  # type: ignore[arg-type]  # a gauge's

    assert point.start_time_unix_nano is None
    assert [dict(each.filtered_attributes) for each in point.exemplars] == [{}]
    assert "canary" not in str(point)
