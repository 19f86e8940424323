# SPDX-License-Identifier: Apache-2.0
"""The TracerProvider, and the way of its spans to where spans wait."""

import functools
import time
from collections.abc import Callable

from flask import request
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, StatusCode

from app.telemetry.requests_seen import BEGUN
from app.telemetry.safety import complain
from app.telemetry.spans.allowed import EVENT_ATTRIBUTES, MAX_VALUE_LENGTH, allowed
from app.telemetry.spans.record import Happening, SpanRecord, Template


def build_tracer_provider(resource: Resource, put: Callable[[SpanRecord], None]) -> TracerProvider:
    """Build the provider; every span is kept, as sampling is the collector's task, which sees whole traces."""
    provider = TracerProvider(
        sampler=ALWAYS_ON,
        resource=resource,
        span_limits=SpanLimits(max_attribute_length=MAX_VALUE_LENGTH),
        shutdown_on_exit=False,  # nothing waits here
    )
    provider.add_span_processor(ToQueue(put))
    return provider


class ToQueue(SpanProcessor):
    """Makes a record of each span that ends."""

    def __init__(self, put: Callable[[SpanRecord], None]) -> None:
        self._put = put

    def on_end(self, span: ReadableSpan) -> None:
        """Keep of a span what it may say."""
        try:
            self._put(record_of(span, end_of(span)))
        except Exception as error:  # noqa: BLE001  # the answer is on its way, and must stay so
            complain("ending_a_span", error)


def end_of(span: ReadableSpan) -> int:
    """Tell when a span ended; a request's, by how long it took, as the wall clock may be set meanwhile."""
    start = span.start_time or 0
    return start + elapsed_ns() if span.kind is SpanKind.SERVER else max(start, span.end_time or 0)


def elapsed_ns() -> int:
    """Tell how long the request has taken."""
    begun: float = request.environ[BEGUN]
    return round((time.perf_counter() - begun) * 1e9)


def record_of(span: ReadableSpan, end: int) -> SpanRecord:
    """Copy a span without anything that may identify a person."""
    context, parent = span.context, span.parent
    assert context is not None  # noqa: S101  # a span that ends has begun
    return SpanRecord(
        template(span.name, span.kind),
        context.trace_id,
        context.span_id,
        parent.span_id if parent else 0,
        span.start_time or 0,
        end,
        allowed(span.kind, (span.attributes or {}).copy()),  # type: ignore[attr-defined]  # one copy is one lock
        # The description quotes the exception; its class is in error.type, its stack in the log line.
        span.status.status_code is StatusCode.ERROR,
        [without_words(event) for event in span.events],
        bool(parent and parent.is_remote),
        context.trace_state.to_header() if context.trace_state else "",
    )


@functools.lru_cache(maxsize=256)
def template(name: str, kind: SpanKind) -> Template:
    """Give the template of all spans of a name, of which there are few."""
    return Template(name, kind, {})


def without_words(event: Event) -> Happening:
    """Copy an exception event with its type alone."""
    kept = {key: value for key, value in (event.attributes or {}).items() if key in EVENT_ATTRIBUTES}
    return Happening(event.name, event.timestamp, kept)
