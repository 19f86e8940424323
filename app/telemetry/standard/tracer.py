# SPDX-License-Identifier: Apache-2.0
"""The tracer that instrumentors get: its spans cost less than the SDK's, and go where spans wait."""

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, SpanKind, Tracer, TracerProvider, get_current_span, use_span
from opentelemetry.util.types import Attributes

from app.telemetry.safety import complain
from app.telemetry.spans.allowed import allowed
from app.telemetry.spans.live import LiveSpan
from app.telemetry.spans.record import SpanRecord, Template

Put = Callable[[SpanRecord], None]


class QueueTracerProvider(TracerProvider):
    """Gives everybody one tracer; all spans are kept, as sampling is the collector's, which sees whole traces."""

    def __init__(self, put: Put) -> None:
        self._tracer = QueueTracer(put)

    def get_tracer(self, *_scope: object, **_more: object) -> Tracer:
        """Give the tracer; whose a span is does not matter where all leave under the service's name."""
        return self._tracer


class QueueTracer(Tracer):
    """Begins spans."""

    def __init__(self, put: Put) -> None:
        self._put = put

    def start_span(  # noqa: PLR0917  # the API's signature
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Any = None,  # noqa: ANN401, ARG002  # as above
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: ARG002
        set_status_on_exception: bool = True,  # noqa: ARG002
    ) -> Span:
        """Begin a span of the context's trace, or of a new one."""
        span = NamedSpan(name, kind, get_current_span(context).get_span_context(), self._put)
        if start_time is not None:
            span.began(start_time)
        if attributes:
            span.set_attributes(attributes)
        return span

    @contextmanager
    def start_as_current_span(  # type: ignore[override]
        self,
        name: str,
        *arguments: Any,  # noqa: ANN401  # as above
        end_on_exit: bool = True,
        **more: Any,  # noqa: ANN401  # as above
    ) -> Iterator[Span]:
        """Let a span be the current one, and end it afterwards."""
        with use_span(self.start_span(name, *arguments, **more), end_on_exit) as span:
            yield span


class NamedSpan(LiveSpan):
    """Has a name and a kind of its own, and leaves when it ends."""

    # Where a span says here that it is a server's, the instrumentor looks through all headers for those that a setting
    # may name. None of them may leave (spans/allowed.py), and it looks at each request.
    kind = None

    def __init__(self, name: str, kind: SpanKind, parent: SpanContext, put: Put) -> None:
        super().__init__(parent)
        self._name = name
        self._kind = kind
        self._put = put
        self._ended = False

    def began(self, start: int) -> None:
        """Say when it really began, in nanoseconds since 1970."""
        self.clock -= max(0, self.start - start)
        self.start = start

    def update_name(self, name: str) -> None:
        """Take another name."""
        self._name = name

    def end(self, end_time: int | None = None) -> None:  # noqa: ARG002  # its clock may have been set meanwhile
        """Leave, saying what may be said."""
        if self._ended:
            return
        self._ended = True
        try:
            elapsed = time.perf_counter_ns() - self.clock
            self._put(self.to_record(template(self._name, self._kind), allowed(self._kind, self._told), elapsed))
        except Exception as error:  # noqa: BLE001  # the answer is on its way, and must stay so
            complain("ending_a_span", error)


@functools.lru_cache(maxsize=256)
def template(name: str, kind: SpanKind) -> Template:
    """Give the template of all spans of a name, of which there are few."""
    return Template(name, kind, {})
