# SPDX-License-Identifier: Apache-2.0
"""Instruments of all seven kinds, under names of one's own, arrive with their unit, values and attributes."""

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from tests.telemetry.conformance.conftest import Running
from tests.telemetry.conformance.expected import SCHEMA_URL, SCOPE, VERSION
from tests.telemetry.otlp_sink import MetricReceived, attributes

Points = dict[frozenset[tuple[str, Any]], float]
OBSERVED = {frozenset({("shop.size", "small")}): 7, frozenset({("shop.size", "large")}): 11}
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


def numbers(received: MetricReceived) -> Points:
    """Return the value of each series."""
    return {
        frozenset(attributes(point.attributes).items()): point.as_int or point.as_double for point in received.points
    }


def monotonic(metric: Metric) -> bool:
    """Return whether this is a cumulative sum that only rises."""
    return metric.sum.is_monotonic and metric.sum.aggregation_temporality == CUMULATIVE


def up_and_down(metric: Metric) -> bool:
    """Return whether this is a cumulative sum that may fall."""
    return not metric.sum.is_monotonic and metric.sum.aggregation_temporality == CUMULATIVE


def gauge(metric: Metric) -> bool:
    """Return whether this is a gauge."""
    return metric.WhichOneof("data") == "gauge"


@pytest.fixture(scope="session")
def measured(app: Running) -> Running:
    """Measure once; all values are cumulative."""
    app.get("/measure")
    return app


@pytest.mark.parametrize(
    ("name", "unit", "kind", "points"),
    [
        ("shop.orders", "{order}", monotonic, {frozenset({("shop.channel", "web"), ("shop.vip", True)}): 2}),
        ("shop.open_carts", "{cart}", up_and_down, {frozenset({("shop.channel", "web")}): 3}),
        ("shop.temperature", "Cel", gauge, {frozenset({("shop.room", "cellar")}): 21.5}),
        ("shop.visits", "", monotonic, OBSERVED),
        ("shop.stock", "", up_and_down, OBSERVED),
        ("shop.humidity", "", gauge, OBSERVED),
        ("shop.late_orders", "", monotonic, {frozenset(): 3}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_instrument_of_ones_own_arrives(
    measured: Running, name: str, unit: str, kind: Callable[[Metric], bool], points: Points
) -> None:
    received = measured.sink.wait_for_metric(name)

    assert received.metric.unit == unit
    assert kind(received.metric)
    assert numbers(received) == points


def test_a_histogram_of_ones_own_arrives_in_the_advised_buckets(measured: Running) -> None:
    received = measured.sink.wait_for_metric("shop.wait")
    [point] = received.points

    assert received.metric.unit == "s"
    assert (point.count, point.sum, point.min, point.max) == (1, 0.75, 0.75, 0.75)
    assert (list(point.explicit_bounds), list(point.bucket_counts)) == ([0.5, 1.0], [0, 1, 0])
    assert attributes(point.attributes) == {"shop.channel": "web"}


def test_a_metric_names_its_instrumentation_scope_and_schema(measured: Running) -> None:
    received = measured.sink.wait_for_metric("shop.orders")

    assert received.metric.description == "Orders taken."
    assert (received.scope.name, received.scope.version, received.schema_url) == (SCOPE, VERSION, SCHEMA_URL)


def test_a_measurement_has_an_exemplar_that_names_its_span(measured: Running) -> None:
    measured.sink.wait_for_metric("shop.wait")

    [exemplar] = measured.sink.exemplars("shop.wait")

    assert exemplar.as_double == 0.75
    assert measured.sink.wait_for_span("GET /measure").span.trace_id == exemplar.trace_id
