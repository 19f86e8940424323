# SPDX-License-Identifier: Apache-2.0
"""Interfaces of a telemetry pipeline: the providers, and the instrumentation of requests and statements."""

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
    """Receives signals in place of the collector, for tests: spans one by one, as OTLP export requests."""

    take: Callable[[bytes], None]
    metric_readers: Sequence[MetricReader] = ()


class InMemoryExporter(SpanExporter):
    """Encodes spans as the exporter would, and passes them to a test."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Pass on an export request."""
        self._take(encode_spans(spans).SerializeToString())
        return SpanExportResult.SUCCESS


@dataclass(frozen=True)
class Providers:
    """The providers and accounting that an instrumentation uses."""

    tracer: TracerProvider
    meter: MeterProvider
    accounting: Accounting
    pushes_traces: bool
    pipeline: Pipeline | None
    hand_over: Callable[[ReadableSpan], None]  # gives the SDK's processors a span made outside the SDK


class Instrumentation(Protocol):
    """Instruments requests and statements."""

    def instrument_app(self, app: Flask) -> None:
        """Make a span and a measurement of each request."""
        ...

    def instrument_engine(self, engine: Engine) -> None:
        """Make a span and a measurement of each statement."""
        ...

    def close(self) -> None:
        """Export the queued spans; takes as long as the collector's answer."""
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
        """Do nothing: the SDK's processors export their queue when the provider is shut down."""
