# SPDX-License-Identifier: Apache-2.0
"""What instrumentation records with, and what observes requests and statements by it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from flask import Flask
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from sqlalchemy import Engine

from app.telemetry.delivery.accounting import Accounting
from app.telemetry.tracing import instrument_database, instrument_flask


@dataclass(frozen=True)
class Pipeline:
    """Where signals go instead of to the collector, for tests: spans one by one, as OTLP export requests."""

    take: Callable[[bytes], None]
    metric_readers: Sequence[MetricReader] = ()


class InMemoryExporter(SpanExporter):
    """Encodes spans as they would leave, and hands them to a test."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand over an export request."""
        self._take(encode_spans(spans).SerializeToString())
        return SpanExportResult.SUCCESS


@dataclass(frozen=True)
class Providers:
    """What instrumentation records with."""

    tracer: TracerProvider
    meter: MeterProvider
    accounting: Accounting
    pushes_traces: bool
    pipeline: Pipeline | None
    hand_over: Callable[[ReadableSpan], None]  # gives a span of one's own making to the SDK's processors


class Instrumentation(Protocol):
    """What observes requests and statements."""

    def instrument_app(self, app: Flask) -> None:
        """Make a span and a measurement of each request."""
        ...

    def instrument_engine(self, engine: Engine) -> None:
        """Make a span and a measurement of each statement."""
        ...

    def close(self) -> None:
        """Export what waits; may take as long as the collector takes."""
        ...


class StandardInstrumentation:
    """OpenTelemetry's own instrumentors of Flask and psycopg2."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def instrument_app(self, app: Flask) -> None:
        """Make a span and a measurement of each request."""
        instrument_flask(app, self._providers.tracer, self._providers.meter)

    def instrument_engine(self, engine: Engine) -> None:
        """Make a span and a measurement of each statement."""
        instrument_database(engine, self._providers.tracer)

    def close(self) -> None:
        """Do nothing: the SDK's processors export what waits when their provider is shut down."""
