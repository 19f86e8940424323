# SPDX-License-Identifier: Apache-2.0
"""The two ways from a request to its signals, and what both have in common."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask
from opentelemetry.metrics import Meter, MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry

from app.settings import TelemetryPipeline
from app.telemetry import instruments, semconv
from app.telemetry.ledger import Ledger
from app.telemetry.light.requests import RequestLayer
from app.telemetry.metering.meter import FencedMeterProvider
from app.telemetry.pools import Pools
from app.telemetry.portfolio import create_portfolio_gauges
from app.telemetry.readers import page_reader, push_readers
from app.telemetry.requests_seen import observe_active_requests
from app.telemetry.resource import build_resource
from app.telemetry.spans.delivery import CollectorDelivery
from app.telemetry.spans.encoding import RequestEncoder, encode_span
from app.telemetry.spans.queue import SpanQueue
from app.telemetry.spans.record import SpanRecord
from app.telemetry.standard.requests import instrument_flask
from app.telemetry.standard.tracer import QueueTracerProvider
from app.telemetry.statements import Statements

if TYPE_CHECKING:
    from app.settings import Settings

Put = Callable[[SpanRecord], None]


@dataclass(frozen=True)
class Pipeline:
    """Where signals go instead of to the collector, for tests: spans one by one, as export requests."""

    take: Callable[[bytes], None]
    metric_readers: Sequence[MetricReader] = ()


@dataclass(frozen=True)
class Signals:
    """What exists only when telemetry is switched on."""

    meter_provider: FencedMeterProvider
    queue: SpanQueue | None
    pools: Pools
    statements: Statements
    instrument: Callable[[Flask], None]

    def flush_metrics(self) -> None:
        """Send what has been measured so far."""
        self.meter_provider.force_flush()

    def last_words(self) -> list[Callable[[], object]]:
        """Give what sends everything for the last time, to be called side by side."""
        return [self.meter_provider.shutdown, *([self.queue.close] if self.queue else [])]

    def stop(self) -> None:
        """Cease to watch what is not this process's own."""
        self.statements.stop()


def build_signals(
    settings: "Settings", ledger: Ledger, registry: CollectorRegistry, pipeline: Pipeline | None
) -> Signals:
    """Build the pipeline that the settings ask for."""
    resource, page = build_resource(settings), page_reader(registry)
    readers = push_readers(settings, ledger) if pipeline is None else pipeline.metric_readers
    meter_provider = FencedMeterProvider(resource, page, readers)
    meter = meter_provider.get_meter(semconv.SERVICE)
    queue, put = way_out(settings, resource, ledger, pipeline)
    if queue:
        queue.observe(meter)
    observe_active_requests(meter, ledger)
    statements = Statements(meter, put)
    statements.listen()
    instruments.create_instruments(meter, settings.api_threads)
    create_portfolio_gauges(meter)
    light = settings.telemetry_pipeline is TelemetryPipeline.LIGHT
    requests = light_requests(meter, put) if light else standard_requests(meter_provider, put)
    return Signals(meter_provider, queue, Pools(meter), statements, requests)


def way_out(
    settings: "Settings", resource: Resource, ledger: Ledger, pipeline: Pipeline | None
) -> tuple[SpanQueue | None, Put]:
    """Say where ended spans go: to a test, to the collector's queue, or nowhere; log lines carry their ids anyway."""
    encoder = RequestEncoder(dict(resource.attributes), semconv.SERVICE)
    if pipeline is not None:
        return None, lambda span: pipeline.take(encoder.encode([encode_span(span)]))
    if not settings.otlp_endpoint:
        return None, lambda _span: None
    delivery = CollectorDelivery(encoder, settings.otlp_endpoint, settings.otlp_timeout_seconds)
    queue = SpanQueue(encode_span, delivery, ledger, settings.span_export_delay_seconds)
    return queue, queue.put


def light_requests(meter: Meter, put: Put) -> Callable[[Flask], None]:
    """Observe requests by our own layer."""
    return RequestLayer(meter, put).instrument


def standard_requests(meter_provider: MeterProvider, put: Put) -> Callable[[Flask], None]:
    """Observe requests by OpenTelemetry's instrumentor."""
    # Read once, when the first instrumentor is initialised.
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http"
    return lambda app: instrument_flask(app, QueueTracerProvider(put), meter_provider)
