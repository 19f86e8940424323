# SPDX-License-Identifier: Apache-2.0
"""Traces by OpenTelemetry's SDK: the provider, its processors and exporter, and what makes spans.

The SDK reads its own variables: sampler, limits, batches, endpoint, headers, TLS. Our defaults
for them are in defaults.py.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.propagators import TraceResponsePropagator, set_global_response_propagator
from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.environment_variables import OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.semconv._incubating.metrics.otel_metrics import create_otel_sdk_processor_span_processed
from opentelemetry.trace import Span
from opentelemetry.util.http import sanitize_method
from sqlalchemy import Engine, event

from app.telemetry import semconv
from app.telemetry.delivery.accounting import Accounting
from app.telemetry.delivery.answers import AnswerSession
from app.telemetry.delivery.redacting import RedactingSpanExporter
from app.telemetry.delivery.spans import AccountedSpanExporter, CountingSpanProcessor
from app.telemetry.guard import guarded
from app.telemetry.sampling import sampler_from_environment
from app.telemetry.views import SDK_SCOPE

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def build_tracer_provider(resource: Resource) -> TracerProvider:
    """Build the provider; spans are created without an exporter, too, as log lines contain their ids."""
    return TracerProvider(
        sampler=sampler_from_environment(),
        resource=resource,
        shutdown_on_exit=False,  # shut_down() does it, within a time limit
    )


def export_spans(
    meter_provider: MeterProvider, accounting: Accounting
) -> tuple[RedactingSpanExporter, Sequence[SpanProcessor]]:
    """Export ended spans by OTLP over HTTP, in batches from a thread of the SDK, and account for each."""
    session = AnswerSession()
    accounted = AccountedSpanExporter(OTLPSpanExporter(session=session), session, accounting)
    exporter = RedactingSpanExporter(accounted)
    counting = CountingSpanProcessor(accounting, accounted.stop_repeating)
    with self_observability():
        batching = BatchSpanProcessor(exporter, meter_provider=meter_provider)
    processed = create_otel_sdk_processor_span_processed(meter_provider.get_meter(SDK_SCOPE))
    processed.add(0)
    processed.add(0, {semconv.ERROR_TYPE: "queue_full"})  # starts at zero, so that the first drop is an increase
    return exporter, [counting, batching]


@contextlib.contextmanager
def self_observability() -> Iterator[None]:
    """Let the batch processor count what it drops (otel.sdk.processor.*).

    The same variable makes the provider count every span as it starts and ends, for 25 us each, and is off there.
    """
    given = os.environ.get(OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED)
    os.environ[OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED] = "true"
    try:
        yield
    finally:
        if given is None:
            del os.environ[OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED]
        else:
            os.environ[OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED] = given


def instrument_flask(app: Flask, tracer_provider: TracerProvider, meter_provider: MeterProvider) -> None:
    """Make a span and a measurement of each request, and answer with its trace id."""
    set_global_response_propagator(TraceResponsePropagator())  # type: ignore[no-untyped-call]
    with guarded(app):
        FlaskInstrumentor.instrument_app(  # type: ignore[no-untyped-call]
            app,
            request_hook=name_unmatched,
            tracer_provider=tracer_provider,
            meter_provider=meter_provider,
            enable_commenter=False,  # the commenter attaches a context to each request and never detaches it
        )


def name_unmatched(span: Span, environ: "WSGIEnvironment") -> None:
    """Name a span by its method alone where no route matched; the path would be a new name per scanned URL."""
    if request.url_rule is None:
        method = sanitize_method(str(environ.get("REQUEST_METHOD", "")))
        span.update_name("HTTP" if method == "_OTHER" else method)


def instrument_database(engine: Engine, tracer_provider: TracerProvider) -> None:
    """Make a span and a measurement of each statement of an engine; ADR 0016: why by psycopg2's instrumentor.

    Each connection is instrumented, and not psycopg2 as a whole: SQLAlchemy's queries on a new connection, the pings of
    probes and the portfolio watch belong to no request.
    """
    if engine.dialect.driver != "psycopg2":
        return

    @event.listens_for(engine, "connect")  # after SQLAlchemy's own listener, which queries the server's version
    def instrument(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's, which has no types
        Psycopg2Instrumentor.instrument_connection(connection, tracer_provider)

    ping = engine.dialect.do_ping

    def silent_ping(connection: Any) -> bool:  # noqa: ANN401  # as above
        with suppress_instrumentation():  # pinged at each checkout of a connection: that would double the spans
            return ping(connection)

    engine.dialect.do_ping = silent_ping  # type: ignore[assignment, method-assign]
