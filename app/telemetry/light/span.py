# SPDX-License-Identifier: Apache-2.0
"""The span of a request that our own layer observes."""

from typing import TYPE_CHECKING, Final

from opentelemetry.trace import SpanContext, SpanKind

from app.telemetry import semconv
from app.telemetry.spans.allowed import ALLOWED
from app.telemetry.spans.live import LiveSpan
from app.telemetry.spans.record import SpanRecord, Template

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

UNANSWERED: Final = "500"  # what the server answers when the application does not


class RequestSpan(LiveSpan):
    """Is named by its template, and ends when the layer says so."""

    def __init__(self, parent: SpanContext) -> None:
        super().__init__(parent)
        self.status = UNANSWERED

    @property
    def traceresponse(self) -> str:
        """Give the trace and the span as W3C writes them, to answer with."""
        context = self._context
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def ended(self, template: Template, path: str | None, elapsed_ns: int, *, failed: bool) -> SpanRecord:
        """Make of it what leaves the process."""
        attributes: dict[str, AttributeValue] = {} if path is None else {semconv.URL_PATH: path}
        if self._told:
            attributes |= {name: value for name, value in self._told.items() if name in ALLOWED[SpanKind.SERVER]}
        self._failed |= failed
        return self.to_record(template, attributes, elapsed_ns)
