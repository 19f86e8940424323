# SPDX-License-Identifier: Apache-2.0
"""Metrics by OpenTelemetry's SDK: the provider, its views, and its two readers.

The SDK reads its own variables: interval, endpoint, headers, TLS, exemplars. Our defaults for
them are in defaults.py.
"""

from collections.abc import Sequence

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry

from app.telemetry.delivery.accounting import Accounting
from app.telemetry.delivery.metrics import AccountedMetricExporter
from app.telemetry.views import VIEWS


def build_meter_provider(resource: Resource, readers: Sequence[MetricReader]) -> MeterProvider:
    """Build the provider; an instrument without a view is measured as its author defined it."""
    return MeterProvider(
        metric_readers=readers,
        resource=resource,
        views=VIEWS,
        shutdown_on_exit=False,  # shut_down() does it, within a time limit
    )


def scrape_reader(registry: CollectorRegistry) -> MetricReader:
    """Build the reader of /metrics."""
    # Scope labels change with every upgrade of a library, and each change begins new series.
    return PrometheusMetricReader(scope_info_enabled=False, registry=registry)


def push_reader(accounting: Accounting) -> MetricReader:
    """Build the reader that exports by OTLP over HTTP, every OTEL_METRIC_EXPORT_INTERVAL milliseconds."""
    return PeriodicExportingMetricReader(AccountedMetricExporter(accounting))
