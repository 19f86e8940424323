# SPDX-License-Identifier: Apache-2.0
"""The TracerProvider, and what makes spans: Flask's requests and SQLAlchemy's statements."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from flask import Flask, request
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.propagators import TraceResponsePropagator, set_global_response_propagator
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.metrics import MeterProvider, NoOpMeterProvider
from opentelemetry.sdk.environment_variables import OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, SamplingResult
from opentelemetry.semconv._incubating.metrics.otel_metrics import create_otel_sdk_processor_span_processed
from opentelemetry.trace import Link, Span, SpanKind, TraceState
from opentelemetry.util.http import sanitize_method
from opentelemetry.util.types import Attributes

from app.telemetry import semconv
from app.telemetry.spans import GuardedExporter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from app.settings import Settings

# Encoding a span takes about 40 us of Python. 128 of them fill one turn of the interpreter (5 ms), so that a request
# waits for one turn at most; the default of 512 held requests up for 20 ms.
MAX_BATCH = 128
MAX_QUEUE = 2048  # the SDK's default: about 7 MB, and 5 s of an outage at 130 requests a second
MAX_VALUE_LENGTH = 4096
# Matched against the whole URL, so both ends are anchored: `/loans/1?/livez` is no probe.
EXCLUDED_URLS = rf"^https?://[^/]*(?:{'|'.join(sorted(semconv.PROBES))})(?:\?.*)?$"


class RequestsBegin(Sampler):
    """Keeps every span, except a statement's that belongs to no request.

    Sampling is the collector's task, which sees whole traces. Probes have no span of their own, so their statements
    would each begin a trace.
    """

    def should_sample(  # noqa: PLR0917  # the SDK's signature
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide about a new span."""
        orphan = not trace.get_current_span(parent_context).get_span_context().is_valid
        sampler = ALWAYS_OFF if orphan and kind is SpanKind.CLIENT else ALWAYS_ON
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """Name the sampler."""
        return type(self).__name__


def build_tracer_provider(
    settings: "Settings", resource: Resource, meter_provider: MeterProvider, exporter: SpanExporter | None
) -> TracerProvider:
    """Build the provider; spans exist even where nobody receives them, since log lines carry their ids."""
    provider = TracerProvider(
        sampler=RequestsBegin(),
        resource=resource,
        span_limits=SpanLimits(max_attribute_length=MAX_VALUE_LENGTH),
        shutdown_on_exit=False,  # shut_down() does it, with a limit
    )
    for processor in processors(settings, meter_provider, exporter):
        provider.add_span_processor(processor)
    return provider


def processors(
    settings: "Settings", meter_provider: MeterProvider, exporter: SpanExporter | None
) -> Iterable[SpanProcessor]:
    """Build what takes spans away: at once to a given exporter, in batches to the collector, or nothing."""
    exported = meter_provider.get_meter(semconv.SERVICE).create_counter(
        semconv.OTEL_SDK_EXPORTER_SPAN_EXPORTED, "{span}", "Spans that an export has ended for, well or badly."
    )
    if exporter is not None:
        yield SimpleSpanProcessor(GuardedExporter(exporter, exported))
    elif settings.otlp_endpoint:
        exported.add(0)
        exported.add(0, {semconv.ERROR_TYPE: "export_failed"})
        processed = create_otel_sdk_processor_span_processed(meter_provider.get_meter("opentelemetry-sdk"))
        processed.add(0)
        processed.add(0, {semconv.ERROR_TYPE: "queue_full"})
        push = OTLPSpanExporter(
            endpoint=settings.otlp_endpoint.rstrip("/") + "/v1/traces",
            timeout=settings.otlp_timeout_seconds,
            compression=Compression.Gzip,
        )
        with counted_losses():
            yield BatchSpanProcessor(
                GuardedExporter(push, exported),
                max_queue_size=MAX_QUEUE,
                schedule_delay_millis=settings.span_export_delay_seconds * 1000,
                max_export_batch_size=MAX_BATCH,
                meter_provider=meter_provider,
            )


@contextlib.contextmanager
def counted_losses() -> Iterator[None]:
    """Let the batch processor count what it drops; everywhere else the same switch costs 25 us per span."""
    os.environ[OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED] = "true"
    try:
        yield
    finally:
        del os.environ[OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED]


def instrument_sqlalchemy(tracer_provider: trace.TracerProvider) -> None:
    """Make a span of each statement, for engines that are created from now on."""
    SQLAlchemyInstrumentor().instrument(
        tracer_provider=tracer_provider,
        meter_provider=NoOpMeterProvider(),  # its pool counters have outdated names and cost a sixth of all telemetry
        enable_commenter=False,
        raise_exception_on_conflict=True,  # by default a wrong SQLAlchemy version means no spans and one log line
    )


def uninstrument_sqlalchemy() -> None:
    """Undo instrument_sqlalchemy."""
    SQLAlchemyInstrumentor().uninstrument()


def instrument_flask(app: Flask, tracer_provider: trace.TracerProvider, meter_provider: MeterProvider) -> None:
    """Make a span and a measurement of each request, and answer with its trace id."""
    set_global_response_propagator(TraceResponsePropagator())  # type: ignore[no-untyped-call]
    bare = app.wsgi_app
    FlaskInstrumentor.instrument_app(  # type: ignore[no-untyped-call]
        app,
        request_hook=name_unmatched,
        tracer_provider=tracer_provider,
        meter_provider=meter_provider,
        excluded_urls=EXCLUDED_URLS,
        enable_commenter=False,  # it attaches a context to each request and never detaches it
    )
    app.wsgi_app = without_probes(bare, app.wsgi_app)  # type: ignore[assignment, method-assign]


def without_probes(bare: "WSGIApplication", instrumented: "WSGIApplication") -> "WSGIApplication":
    """Lead probes past the instrumentation, which would count them as active requests."""

    def dispatch(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return (bare if environ.get("PATH_INFO") in semconv.PROBES else instrumented)(environ, start_response)

    return dispatch


def name_unmatched(span: Span, environ: "WSGIEnvironment") -> None:
    """Name a span by its method alone where no route matched; the path would be a new name per scanned URL."""
    if request.url_rule is None:
        method = sanitize_method(str(environ.get("REQUEST_METHOD", "")))
        span.update_name("HTTP" if method == "_OTHER" else method)


def current_trace_id() -> str | None:
    """Give the current request's trace id as 32 hex digits, if there is one."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
