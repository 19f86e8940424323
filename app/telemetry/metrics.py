# SPDX-License-Identifier: Apache-2.0
"""The MeterProvider: what may be counted, by which attributes, in which buckets, and where it goes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider, TraceBasedExemplarFilter
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry

from app.telemetry import semconv
from app.telemetry.business import INSTRUMENTS

if TYPE_CHECKING:
    from app.settings import Settings

# From a cached read to nginx's limit of 10 s; 0.5 is the latency objective, so that it can be counted exactly.
REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# The conventions' own. Without them the SDK would sort seconds into buckets made for milliseconds.
STATEMENT_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


class Fence(NamedTuple):
    """A metric that may leave the process, the only attributes it may have, and its buckets."""

    metric: str
    attributes: tuple[str, ...] = ()
    buckets: tuple[float, ...] | None = None


# This version of the SDK has no cardinality limit of its own, so these are the limit.
FENCES: Final = (
    Fence(
        semconv.HTTP_SERVER_REQUEST_DURATION,
        (semconv.HTTP_REQUEST_METHOD, semconv.HTTP_ROUTE, semconv.HTTP_RESPONSE_STATUS_CODE, semconv.ERROR_TYPE),
        REQUEST_SECONDS,
    ),
    Fence(semconv.HTTP_SERVER_ACTIVE_REQUESTS),
    Fence(
        semconv.DB_CLIENT_OPERATION_DURATION,
        (semconv.DB_SYSTEM_NAME, semconv.DB_OPERATION_NAME, semconv.ERROR_TYPE),
        STATEMENT_SECONDS,
    ),
    Fence(
        semconv.DB_CLIENT_CONNECTION_COUNT,
        (semconv.DB_CLIENT_CONNECTION_POOL_NAME, semconv.DB_CLIENT_CONNECTION_STATE),
    ),
    Fence(semconv.DB_CLIENT_CONNECTION_MAX, (semconv.DB_CLIENT_CONNECTION_POOL_NAME,)),
    Fence(semconv.LOAN_SERVICE_THREADS_LIMIT),
    *(Fence(declared.name, declared.attributes, declared.buckets) for declared in INSTRUMENTS),
    Fence(semconv.LOAN_PORTFOLIO_OUTSTANDING, (semconv.LOAN_CURRENCY, semconv.LOAN_DELINQUENCY_BUCKET)),
    Fence(semconv.LOAN_PORTFOLIO_LOANS, (semconv.LOAN_CURRENCY, semconv.LOAN_DELINQUENCY_BUCKET)),
    Fence(semconv.LOAN_LEDGER_IMBALANCE, (semconv.LOAN_CURRENCY,)),
    Fence(semconv.LOAN_INVARIANT_VIOLATIONS, (semconv.LOAN_INVARIANT,)),
    Fence(semconv.OTEL_SDK_PROCESSOR_SPAN_PROCESSED, (semconv.ERROR_TYPE,)),
    Fence(semconv.OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE),
    Fence(semconv.OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY),
    Fence(semconv.OTEL_SDK_EXPORTER_SPAN_EXPORTED, (semconv.ERROR_TYPE,)),
)


def views() -> list[View]:
    """Turn the fences into views; what has no fence is dropped."""
    return [
        View(instrument_name="*", aggregation=DropAggregation(), attribute_keys=set()),
        *(
            View(
                instrument_name=fence.metric,
                attribute_keys=set(fence.attributes),
                aggregation=ExplicitBucketHistogramAggregation(fence.buckets) if fence.buckets else None,
            )
            for fence in FENCES
        ),
    ]


def build_meter_provider(
    resource: Resource, registry: CollectorRegistry, readers: Sequence[MetricReader]
) -> MeterProvider:
    """Build one provider that is read twice: for OTLP, and through the registry for /metrics."""
    # Scope labels change with every upgrade of a library, and each change begins new series.
    page = PrometheusMetricReader(scope_info_enabled=False, registry=registry)
    return MeterProvider(
        metric_readers=[page, *readers],
        resource=resource,
        views=views(),
        exemplar_filter=TraceBasedExemplarFilter(),
        shutdown_on_exit=False,  # shut_down() does it, with a limit
    )


def push_readers(settings: "Settings") -> list[MetricReader]:
    """Build the reader that exports by OTLP, if there is an endpoint."""
    if not settings.otlp_endpoint:
        return []
    exporter = OTLPMetricExporter(
        endpoint=settings.otlp_endpoint.rstrip("/") + "/v1/metrics",
        timeout=settings.otlp_timeout_seconds,
        compression=Compression.Gzip,
    )
    return [PeriodicExportingMetricReader(exporter, settings.metric_export_interval_seconds * 1000)]
