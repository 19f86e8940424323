# SPDX-License-Identifier: Apache-2.0
"""The recording span of a request: implements OpenTelemetry's Span, and is encoded directly where possible.

The SDK's span copies, checks and locks for each attribute. This one checks all of them once, at the end.
"""

import random
import time
from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AnyValue, Attributes, AttributeValue

from app.telemetry import redaction, semconv
from app.telemetry.delivery.redacting import ALLOWED, EXCEPTION, LIGHT_SCOPE
from app.telemetry.safety import suppress_and_log
from app.telemetry_light.record import SpanEvent, SpanRecord, Template

# W3C Trace Context 2: for a trace that begins here, its id is random.
RANDOM: Final = TraceFlags(TraceFlags.RANDOM_TRACE_ID)
SCOPE: Final = InstrumentationScope(LIGHT_SCOPE)
UNANSWERED: Final = "500"  # what the server answers when the application does not


def new_trace_id() -> int:
    """Make an id; it is no secret, and zero is none."""
    return random.getrandbits(128) or 1


class RequestSpan(Span):
    """A recording span; its template gives its name, and the WSGI layer ends it."""

    def __init__(self, parent: SpanContext, trace_id: int, *, sampled: bool) -> None:
        flags = parent.trace_flags if parent.is_valid else RANDOM
        flags = TraceFlags(flags | TraceFlags.SAMPLED if sampled else flags & ~TraceFlags.SAMPLED)
        span_id = random.getrandbits(64) or 1
        self._context = SpanContext(trace_id, span_id, False, flags, parent.trace_state)  # local
        self._parent = parent
        self._recording = sampled
        self._attributes: dict[str, AnyValue] = {}
        self._exceptions: list[SpanEvent] = []
        self._events: list[Event] = []
        self._links: list[Link] = []
        self._name: str | None = None
        self._status = StatusCode.UNSET
        self.sampled = sampled
        self.status = UNANSWERED  # of HTTP
        self.start = time.time_ns()
        self.clock = time.perf_counter_ns()  # durations are differences of this, whatever the wall clock does

    @property
    def traceresponse(self) -> str:
        """Format trace and span as a W3C header, for the response."""
        context = self._context
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def get_span_context(self) -> SpanContext:
        """Return the span's context."""
        return self._context

    def is_recording(self) -> bool:
        """Return whether the span is sampled and has not ended."""
        return self._recording

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        """Set several attributes."""
        if self._recording:
            self._attributes.update(attributes)

    def set_attribute(self, key: str, value: AnyValue) -> None:
        """Set an attribute."""
        if self._recording:
            self._attributes[key] = value

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add an event."""
        if self._recording:
            self._events.append(Event(name, attributes, timestamp))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Add a link."""
        if self._recording:
            self._links.append(Link(context, attributes))

    def update_name(self, name: str) -> None:
        """Change the name."""
        if self._recording:
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:  # noqa: ARG002  # it may quote a client
        """Set the status; OK is final, and UNSET is ignored."""
        code = status.status_code if isinstance(status, Status) else status
        if self._recording and code is not StatusCode.UNSET and self._status is not StatusCode.OK:
            self._status = code

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002  # the API's signature
    ) -> None:
        """Record an exception by its type; its message may quote a client."""
        if not self._recording:
            return
        noted = {semconv.EXCEPTION_TYPE: redaction.qualified_name(exception)}
        if attributes:
            self.add_event(EXCEPTION, {**noted, **attributes}, timestamp)
        else:
            self._exceptions.append(SpanEvent(EXCEPTION, timestamp or time.time_ns(), noted))

    def end(self, end_time: int | None = None) -> None:
        """Do nothing: the WSGI layer ends the span."""

    def close(self, *, failed: bool) -> None:
        """Stop recording; a failed request gets the status ERROR unless the application has set a status."""
        self._recording = False
        if failed and self._status is StatusCode.UNSET:
            self._status = StatusCode.ERROR

    @property
    def plain(self) -> bool:
        """Whether the span can be encoded directly: no events, links or own name, and only listed ASCII attributes."""
        return (
            not (self._events or self._links or self._name or self._status is StatusCode.OK)
            and self._attributes.keys() <= ALLOWED[SpanKind.SERVER]
            and all(type(value) is str and value.isascii() for value in self._attributes.values())
        )

    def to_record(self, template: Template, attributes: Mapping[str, AttributeValue], elapsed_ns: int) -> SpanRecord:
        """Convert to the encoder's input."""
        context, parent = self._context, self._parent
        return SpanRecord(
            template,
            context.trace_id,
            context.span_id,
            parent.span_id,
            self.start,
            self.start + elapsed_ns,
            {**attributes, **self._attributes},
            self._status is StatusCode.ERROR,
            self._exceptions,
            parent.is_remote,
            context.trace_state.to_header() if context.trace_state else "",
        )

    def _cleaned(self) -> Mapping[str, AnyValue]:
        """Clean the values as the SDK's span does."""
        cleaned: dict[str, AnyValue] = {}
        for name, value in self._attributes.items():
            with suppress_and_log("cleaning_an_attribute"):  # a value's own code may raise anything
                cleaned |= BoundedAttributes(attributes={name: value})
        return cleaned

    def to_readable(
        self, template: Template, attributes: Mapping[str, AttributeValue], elapsed_ns: int, resource: Resource
    ) -> ReadableSpan:
        """Convert to the SDK's ReadableSpan, for the SDK's processors."""
        events: Sequence[Event] = [
            *self._events,
            *(Event(EXCEPTION, dict(each.attributes), each.time) for each in self._exceptions),
        ]
        return ReadableSpan(
            name=self._name or template.name,
            context=self._context,
            parent=self._parent if self._parent.is_valid else None,
            resource=resource,
            attributes={**template.attributes, **attributes, **self._cleaned()},
            events=sorted(events, key=lambda event: event.timestamp),
            links=self._links,
            kind=SpanKind.SERVER,
            status=Status(self._status),
            start_time=self.start,
            end_time=self.start + elapsed_ns,
            instrumentation_scope=SCOPE,
        )
