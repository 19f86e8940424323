# SPDX-License-Identifier: Apache-2.0
"""A metric exporter that corrects start times and exemplars, and counts what the collector has acknowledged."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    DataPointT,
    HistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)

from app.telemetry import semconv
from app.telemetry.delivery.accounting import Accounting, Count
from app.telemetry.delivery.answers import AnswerSession
from app.telemetry.safety import log_failure
from app.telemetry.switch_interval import short_switch_interval

LOST_SPANS: Final = frozenset({semconv.OTEL_SDK_PROCESSOR_SPAN_PROCESSED, semconv.OTEL_SDK_EXPORTER_SPAN_EXPORTED})
# Prometheus' resolution: it refuses a zero sample that is not at least this much older than the first value.
RESOLUTION_NANOSECONDS: Final = 1_000_000


class AccountedMetricExporter(OTLPMetricExporter):
    """Exports corrected metrics, and counts the requests and spans that an acknowledged export contains."""

    def __init__(self, accounting: Accounting) -> None:
        self._answer = AnswerSession()
        super().__init__(session=self._answer)
        self._accounting = accounting
        self._starts = SeriesStarts()

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: object
    ) -> MetricExportResult:
        """Export, and count when the collector has acknowledged."""
        try:
            with short_switch_interval():
                self._answer.forget()
                prepared = self._starts.prepared(metrics_data)
                result = super().export(prepared, timeout_millis, **kwargs)
                if result is MetricExportResult.FAILURE and not self._answer.sent:
                    result = super().export(encodable(prepared), timeout_millis, **kwargs)
        except Exception as error:  # noqa: BLE001  # the SDK would log it at each export
            log_failure("exporting_metrics", error)
            return MetricExportResult.FAILURE
        if result is MetricExportResult.SUCCESS:
            counts = self._accounting.counts
            counts[Count.REQUESTS_EXPORTED] = requests_in(metrics_data)
            counts[Count.LOSSES_EXPORTED] = losses_in(metrics_data)
        return result


class SeriesStarts:
    """Starts each series just before its first measurement, and limits an exemplar to the attributes of its series.

    Prometheus writes a zero at the start of a series (created timestamps), so that `increase` sees its first value. The
    SDK's start is the moment after the first measurement; it lies after the time of the point where the series was born
    during the collection, and in the same millisecond where it was born shortly before. Prometheus refuses both zeros.
    """

    def __init__(self) -> None:
        self._corrected: dict[tuple[str, str, str], int] = {}

    def prepared(self, data: MetricsData) -> MetricsData:
        """Copy the collected metrics with corrected starts and exemplars."""
        return MetricsData([self._resource(each) for each in data.resource_metrics])

    def _resource(self, resource: ResourceMetrics) -> ResourceMetrics:
        return replace(resource, scope_metrics=[self._scope(each) for each in resource.scope_metrics])

    def _scope(self, scope: ScopeMetrics) -> ScopeMetrics:
        return replace(scope, metrics=[self._metric(scope.scope.name, each) for each in scope.metrics])

    def _metric(self, scope: str, metric: Metric) -> Metric:
        points = [self._point(scope, metric.name, each) for each in metric.data.data_points]
        return replace(metric, data=replace(metric.data, data_points=points))  # type: ignore[arg-type]  # of its own kind

    def _point(self, scope: str, metric: str, point: DataPointT) -> DataPointT:
        exemplars = [replace(each, filtered_attributes={}) for each in point.exemplars]
        start = point.start_time_unix_nano
        if start is not None:  # a gauge has none
            start = self._start(scope, metric, point, start - RESOLUTION_NANOSECONDS)
        return replace(point, exemplars=exemplars, start_time_unix_nano=start)

    def _start(self, scope: str, metric: str, point: DataPointT, start: int) -> int:
        latest = point.time_unix_nano - RESOLUTION_NANOSECONDS
        if start <= latest and not self._corrected:
            return start
        key = (scope, metric, repr(point.attributes))
        if start > latest:
            # Fixed at the first export: to Prometheus a later start is a reset of the series.
            return self._corrected.setdefault(key, latest)
        return self._corrected.get(key, start)


def encodable(data: MetricsData) -> MetricsData:
    """Leave out each metric that OTLP cannot express: one would cost all the others, at each export."""
    return MetricsData(
        [
            replace(
                resource,
                scope_metrics=[
                    replace(scope, metrics=[each for each in scope.metrics if is_encodable(resource, scope, each)])
                    for scope in resource.scope_metrics
                ],
            )
            for resource in data.resource_metrics
        ]
    )


def is_encodable(resource: ResourceMetrics, scope: ScopeMetrics, metric: Metric) -> bool:
    """Return whether a metric can be encoded; log a failure."""
    try:
        encode_metrics(MetricsData([replace(resource, scope_metrics=[replace(scope, metrics=[metric])])]))
    except Exception as error:  # noqa: BLE001  # each kind of value raises another
        log_failure("encoding_a_metric", error)
        return False
    return True


def requests_in(data: MetricsData) -> int:
    """Count the requests that an export contains."""
    return sum(
        point.count
        for metric in metrics_in(data)
        if metric.name == semconv.HTTP_SERVER_REQUEST_DURATION
        for point in metric.data.data_points
        if isinstance(point, HistogramDataPoint)
    )


def losses_in(data: MetricsData) -> int:
    """Count the dropped and rejected spans that an export reports."""
    return sum(
        int(point.value)
        for metric in metrics_in(data)
        if metric.name in LOST_SPANS
        for point in metric.data.data_points
        if isinstance(point, NumberDataPoint) and semconv.ERROR_TYPE in (point.attributes or {})
    )


def metrics_in(data: MetricsData) -> Iterator[Metric]:
    """Iterate over the metrics of an export."""
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            yield from scope.metrics
