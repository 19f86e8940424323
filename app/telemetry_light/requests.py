# SPDX-License-Identifier: Apache-2.0
"""A span and a measurement of each request, made around the WSGI application."""

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple

from flask import Flask, got_request_exception
from opentelemetry import propagate
from opentelemetry.context import Context, attach, detach
from opentelemetry.instrumentation.wsgi import wsgi_getter
from opentelemetry.metrics import Histogram, Meter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    SpanKind,
    StatusCode,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.util.http import sanitize_method
from opentelemetry.util.types import AttributeValue

from app.telemetry import semconv
from app.telemetry.delivery.texts import MAX_VALUE_LENGTH, as_text
from app.telemetry.request_line import FAILED, ROUTE
from app.telemetry.safety import log_failure, suppress_and_log
from app.telemetry_light.record import SpanRecord, Template
from app.telemetry_light.sampling import FastSampler
from app.telemetry_light.span import RequestSpan, new_trace_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None
Headers = list[tuple[str, str]]

EXPOSED: Final = ("Access-Control-Expose-Headers", "traceresponse")  # else no script of a page could read it


class RequestKind(NamedTuple):
    """What requests with equal attributes share: the span's template, the metric's attributes, whether they failed."""

    template: Template
    measured: Mapping[str, AttributeValue]
    failed: bool


class RequestLayer:
    """Wraps applications, and puts their requests' spans into the queue."""

    def __init__(
        self,
        meter: Meter,
        sampler: FastSampler,
        put: Callable[[SpanRecord], None],
        hand_over: Callable[[ReadableSpan], None],
        resource: Resource,
    ) -> None:
        self._duration: Histogram = meter.create_histogram(
            semconv.HTTP_SERVER_REQUEST_DURATION, "s", "Duration of HTTP server requests."
        )
        self._sampler = sampler
        self._put = put
        self._hand_over = hand_over
        self._resource = resource
        # The headers that the propagators (OTEL_PROPAGATORS) read; a request without any of them skips the propagators.
        self._headers = [f"HTTP_{name.upper().replace('-', '_')}" for name in propagate.get_global_textmap().fields]

    def instrument(self, app: Flask) -> None:
        """Make a span and a measurement of each request, and answer with its trace id."""
        got_request_exception.connect(note_exception, app)
        app.wsgi_app = self.wrap(app.wsgi_app)  # type: ignore[assignment, method-assign]

    def wrap(self, inner: "WSGIApplication") -> "WSGIApplication":
        """Return the application with a span and a measurement around it."""

        def observed(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            try:
                caller = self._caller(environ)
                span = self._begin(caller, environ)
                context = set_span_in_context(span, caller)
                token = attach(context)
            except Exception as error:  # noqa: BLE001  # a request that can't be observed can still be answered
                log_failure("beginning_a_request", error)
                return inner(environ, start_response)

            # The annotation is quoted: else each request would evaluate it.
            def answered(status: str, headers: Headers, exc_info: ExcInfo = None) -> "Callable[[bytes], object]":
                span.status = status
                headers = [*headers, ("traceresponse", span.traceresponse), EXPOSED]  # a copy of the caller's list
                return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

            try:
                return inner(environ, answered)
            finally:
                self._end(environ, span, context)
                detach(token)

        return observed

    def _caller(self, environ: "WSGIEnvironment") -> Context:
        """Extract the caller's context, if there is a valid one."""
        if any(name in environ for name in self._headers):
            return propagate.extract(environ, Context(), wsgi_getter)
        return Context()

    def _begin(self, caller: Context, environ: "WSGIEnvironment") -> RequestSpan:
        parent = get_current_span(caller).get_span_context() if caller else INVALID_SPAN_CONTEXT
        trace_id = parent.trace_id if parent.is_valid else new_trace_id()
        sampled = self._sampler.samples(caller, parent, trace_id, environ["REQUEST_METHOD"])
        return RequestSpan(parent, trace_id, sampled=sampled)

    def _end(self, environ: "WSGIEnvironment", span: RequestSpan, context: Context) -> None:
        elapsed = time.perf_counter_ns() - span.clock
        try:
            protocol, route = environ["SERVER_PROTOCOL"], environ.get(ROUTE)
            kind = describe(environ["REQUEST_METHOD"], route, span.status, environ["wsgi.url_scheme"], protocol)
            with suppress_and_log("measuring"):
                self._duration.record(elapsed / 1e9, kind.measured, context)
            span.close(failed=kind.failed)
            if not span.sampled:
                return
            attributes: dict[str, AttributeValue] = {}
            if route is not None:  # without a route the path is client input
                attributes[semconv.URL_PATH] = as_text(environ["PATH_INFO"])[:MAX_VALUE_LENGTH]
            if span.plain:
                self._put(span.to_record(kind.template, attributes, elapsed))
            else:
                self._hand_over(span.to_readable(kind.template, attributes, elapsed, self._resource))
        except Exception as error:  # noqa: BLE001  # telemetry must not fail the answer, which is under way
            log_failure("ending_a_request", error)


# Bounded: methods and protocols are client input, and a cached entry stays.
@functools.lru_cache(maxsize=1024)
def describe(sent_method: str, route: str | None, status_line: str, scheme: str, protocol: str) -> RequestKind:
    """Build what requests with these attributes share; without a route the span's name is the method only."""
    method, status = sanitize_method(sent_method), int(status_line[:3])
    measured: dict[str, AttributeValue] = {
        semconv.HTTP_REQUEST_METHOD: method,
        semconv.HTTP_RESPONSE_STATUS_CODE: status,
    }
    if route is not None:
        measured[semconv.HTTP_ROUTE] = route
    if status >= FAILED:
        measured[semconv.ERROR_TYPE] = str(status)
    spoken = "HTTP" if method == "_OTHER" else method  # the conventions' word for a method that they don't list
    attributes = {
        **measured,
        semconv.URL_SCHEME: scheme,
        semconv.NETWORK_PROTOCOL_VERSION: protocol.removeprefix("HTTP/"),
    }
    template = Template(spoken if route is None else f"{spoken} {route}", SpanKind.SERVER, attributes)
    return RequestKind(template, measured, status >= FAILED)


def note_exception(_app: Flask, exception: BaseException, **_more: object) -> None:
    """Record an unhandled exception on the request's span."""
    span = get_current_span()
    span.record_exception(exception)
    span.set_status(StatusCode.ERROR)
