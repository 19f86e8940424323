# SPDX-License-Identifier: Apache-2.0
"""Who reads the metrics: the page /metrics, and the exporter that pushes them to the collector."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricReader,
    MetricsData,
    NumberDataPoint,
    PeriodicExportingMetricReader,
    ScopeMetrics,
)
from prometheus_client import CollectorRegistry

from app.telemetry import semconv
from app.telemetry.ledger import Entry, Ledger
from app.telemetry.safety import complain
from app.telemetry.turns import Pieces, short_turns

if TYPE_CHECKING:
    from app.settings import Settings

LOST_SPANS: Final = frozenset({semconv.OTEL_SDK_PROCESSOR_SPAN_PROCESSED, semconv.OTEL_SDK_EXPORTER_SPAN_EXPORTED})


def page_reader(registry: CollectorRegistry) -> MetricReader:
    """Build the reader of /metrics."""
    # Scope labels change with every upgrade of a library, and each change begins new series.
    return PrometheusMetricReader(scope_info_enabled=False, registry=registry)


def push_readers(settings: "Settings", ledger: Ledger) -> list[MetricReader]:
    """Build the reader that exports by OTLP, if there is an endpoint."""
    if not settings.otlp_endpoint:
        return []
    exporter = AccountedExporter(
        ledger,
        endpoint=settings.otlp_endpoint.rstrip("/") + "/v1/metrics",
        timeout=settings.otlp_timeout_seconds,
        compression=Compression.Gzip,
    )
    return [PeriodicExportingMetricReader(exporter, settings.metric_export_interval_seconds * 1000)]


class AccountedExporter(OTLPMetricExporter):
    """Notes in the ledger what an acknowledged export has told."""

    def __init__(self, ledger: Ledger, *, endpoint: str, timeout: float, compression: Compression) -> None:
        super().__init__(endpoint, timeout=timeout, compression=compression)
        self._ledger = ledger

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: object
    ) -> MetricExportResult:
        """Export, and note it when the collector has it."""
        try:
            with short_turns():
                result = super().export(unhurried(metrics_data), timeout_millis, **kwargs)
        except Exception as error:  # noqa: BLE001  # the SDK would tell of it at each export
            complain("exporting_metrics", error)
            return MetricExportResult.FAILURE
        if result is MetricExportResult.SUCCESS:
            cells = self._ledger.cells
            cells[Entry.REQUESTS_EXPORTED] = requests_in(metrics_data)
            cells[Entry.LOSSES_EXPORTED] = losses_in(metrics_data)
        return result


def unhurried(data: MetricsData) -> MetricsData:
    """Let whoever walks through an export, as the library's encoder does, rest in between."""
    resources = [
        replace(each, scope_metrics=[_unhurried(scope) for scope in each.scope_metrics])
        for each in data.resource_metrics
    ]
    return MetricsData(resources)


def _unhurried(scope: ScopeMetrics) -> ScopeMetrics:
    metrics = [
        replace(each, data=replace(each.data, data_points=Pieces(each.data.data_points)))  # type: ignore[arg-type]  # a list in place of a list
        for each in scope.metrics
    ]
    return replace(scope, metrics=Pieces(metrics))


def requests_in(data: MetricsData) -> int:
    """Count the requests that an export tells of."""
    return sum(
        point.count
        for metric in metrics_in(data)
        if metric.name == semconv.HTTP_SERVER_REQUEST_DURATION
        for point in metric.data.data_points
        if isinstance(point, HistogramDataPoint)
    )


def losses_in(data: MetricsData) -> int:
    """Count the dropped and refused spans that an export tells of."""
    return sum(
        int(point.value)
        for metric in metrics_in(data)
        if metric.name in LOST_SPANS
        for point in metric.data.data_points
        if isinstance(point, NumberDataPoint) and semconv.ERROR_TYPE in (point.attributes or {})
    )


def metrics_in(data: MetricsData) -> Iterator[Metric]:
    """Walk through the metrics of an export."""
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            yield from scope.metrics
