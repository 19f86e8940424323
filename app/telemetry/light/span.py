# SPDX-License-Identifier: Apache-2.0
"""The span of a request: what OpenTelemetry's API asks of one, and nothing more."""

import random
import time
from collections.abc import Mapping
from typing import Final

from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AnyValue, Attributes, AttributeValue

from app.telemetry import redaction, semconv
from app.telemetry.spans.allowed import ALLOWED
from app.telemetry.spans.record import Happening, SpanRecord, Template

# W3C Trace Context 2: sampled; and, for a trace that begins here, its id is random.
BEGUN_HERE: Final = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)
EXCEPTION: Final = "exception"  # the conventions' name of the event
UNANSWERED: Final = "500"  # what the server answers when the application does not


class RequestSpan(Span):
    """Keeps what it is told until the request has ended."""

    def __init__(self, parent: SpanContext) -> None:
        span_id = random.getrandbits(64) or 1  # an id is no secret; zero is none
        if parent.is_valid:
            flags = TraceFlags(parent.trace_flags | TraceFlags.SAMPLED)
            self._context = SpanContext(parent.trace_id, span_id, False, flags, parent.trace_state)  # local
        else:
            trace_id = random.getrandbits(128) or 1  # as above
            self._context = SpanContext(trace_id, span_id, False, BEGUN_HERE)  # local
        self._parent = parent
        self._told: dict[str, AnyValue] = {}
        self._events: list[Happening] = []
        self._failed = False
        self.status = UNANSWERED
        self._start = time.time_ns()
        self.clock = time.perf_counter_ns()  # durations are differences of this, whatever the wall clock does

    @property
    def name(self) -> str:
        """Give the trace and the span as W3C writes them, to answer with."""
        context = self._context
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def get_span_context(self) -> SpanContext:
        """Give the ids."""
        return self._context

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        """Note several attributes."""
        self._told.update(attributes)

    def set_attribute(self, key: str, value: AnyValue) -> None:
        """Note an attribute."""
        self._told[key] = value

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Take no note: spans tell of exceptions, and log lines of everything else."""

    def update_name(self, name: str) -> None:
        """Keep the name: it is the route's, as every request's is."""

    def is_recording(self) -> bool:
        """Tell that it is worth telling it something."""
        return True

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:  # noqa: ARG002  # it may quote somebody
        """Note a failure."""
        self._failed = (status.status_code if isinstance(status, Status) else status) is StatusCode.ERROR

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,  # noqa: ARG002  # the API's signature
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002
    ) -> None:
        """Note an exception by its type; its words may quote somebody."""
        told = {semconv.EXCEPTION_TYPE: redaction.qualified_name(exception)}
        self._events.append(Happening(EXCEPTION, timestamp or time.time_ns(), told))
        self._failed = True

    def end(self, end_time: int | None = None) -> None:
        """Go on: the span ends when its request does."""

    def ended(self, template: Template, path: str | None, elapsed_ns: int, *, failed: bool) -> SpanRecord:
        """Make of it what leaves the process."""
        context, parent = self._context, self._parent
        attributes: dict[str, AttributeValue] = {} if path is None else {semconv.URL_PATH: path}
        if self._told:
            attributes |= {name: value for name, value in self._told.items() if name in ALLOWED[SpanKind.SERVER]}
        return SpanRecord(
            template,
            context.trace_id,
            context.span_id,
            parent.span_id,
            self._start,
            self._start + elapsed_ns,
            attributes,
            failed or self._failed,
            self._events,
            parent.is_valid,
            context.trace_state.to_header() if parent.is_valid else "",
        )
