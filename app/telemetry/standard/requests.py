# SPDX-License-Identifier: Apache-2.0
"""FlaskInstrumentor: a span and a measurement of each request."""

from typing import TYPE_CHECKING

from flask import Flask, request
from opentelemetry import trace
from opentelemetry.instrumentation import flask as instrumentor
from opentelemetry.instrumentation.propagators import TraceResponsePropagator, set_global_response_propagator
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span
from opentelemetry.util.http import sanitize_method

from app.telemetry.standard.guard import guarded

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def instrument_flask(app: Flask, tracer_provider: trace.TracerProvider, meter_provider: MeterProvider) -> None:
    """Make a span and a measurement of each request, and answer with its trace id."""
    set_global_response_propagator(TraceResponsePropagator())  # type: ignore[no-untyped-call]
    # Probes are led past it. With a list of addresses to pass over, though an empty one, it would put the URL of each
    # request together, for nothing; and it has no other way to be without one.
    instrumentor._excluded_urls_from_env = None  # type: ignore[assignment]  # noqa: SLF001
    with guarded(app):
        instrumentor.FlaskInstrumentor.instrument_app(  # type: ignore[no-untyped-call]
            app,
            request_hook=name_unmatched,
            tracer_provider=tracer_provider,
            meter_provider=meter_provider,
            enable_commenter=False,  # it attaches a context to each request and never detaches it
        )


def name_unmatched(span: Span, environ: "WSGIEnvironment") -> None:
    """Name a span by its method alone where no route matched; the path would be a new name per scanned URL."""
    if request.url_rule is None:
        method = sanitize_method(str(environ.get("REQUEST_METHOD", "")))
        span.update_name("HTTP" if method == "_OTHER" else method)
