# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry as its documentation begins: both instrumentors, batches by OTLP, metrics pushed and at /metrics."""

from flask import Flask
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from app.storage.database import db
from bench.cost.variants import bare
from bench.cost.variants.request_log import add_request_log, write_json_lines

_providers: list[TracerProvider | MeterProvider] = []


def create() -> Flask:
    """Build the service without its telemetry, and add this one."""
    write_json_lines()
    app = bare.create()
    traces = TracerProvider()
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter()), PrometheusMetricReader()])
    with app.app_context():
        SQLAlchemyInstrumentor().instrument(engine=db.engine, tracer_provider=traces, meter_provider=metrics)
    add_request_log(app)
    FlaskInstrumentor.instrument_app(app, tracer_provider=traces, meter_provider=metrics)  # type: ignore[no-untyped-call]
    _providers.extend([traces, metrics])
    return app


def flush() -> None:
    """Send what waits."""
    for provider in _providers:
        provider.shutdown()
