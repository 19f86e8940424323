# SPDX-License-Identifier: Apache-2.0
"""A span that is under way: what OpenTelemetry's API asks of one, and nothing more.

The SDK's span copies, checks and locks for each attribute, and FlaskInstrumentor tells a dozen, most of them twice.
Here they are noted, and the few that may leave are chosen once, at the end.
"""

import random
import time
from collections.abc import Mapping
from typing import Final

from opentelemetry.trace import Span, SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AnyValue, Attributes, AttributeValue

from app.telemetry import redaction, semconv
from app.telemetry.spans.record import Happening, SpanRecord, Template

# W3C Trace Context 2: sampled; and, for a trace that begins here, its id is random.
BEGUN_HERE: Final = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)
EXCEPTION: Final = "exception"  # the conventions' name of the event


class LiveSpan(Span):
    """Keeps what it is told."""

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
        self.start = time.time_ns()
        self.clock = time.perf_counter_ns()  # durations are differences of this, whatever the wall clock does

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
        """Keep the name."""

    def is_recording(self) -> bool:
        """Tell that it is worth telling it something."""
        return True

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:  # noqa: ARG002  # it may quote somebody
        """Note a failure, or that it is none."""
        code = status.status_code if isinstance(status, Status) else status
        if code is not StatusCode.UNSET:  # which says nothing
            self._failed = code is StatusCode.ERROR

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

    def end(self, end_time: int | None = None) -> None:
        """Go on."""

    def to_record(self, template: Template, attributes: Mapping[str, AttributeValue], elapsed_ns: int) -> SpanRecord:
        """Make of it what leaves the process."""
        context, parent = self._context, self._parent
        return SpanRecord(
            template,
            context.trace_id,
            context.span_id,
            parent.span_id,
            self.start,
            self.start + elapsed_ns,
            attributes,
            self._failed,
            self._events,
            parent.is_remote,
            context.trace_state.to_header() if context.trace_state else "",
        )
