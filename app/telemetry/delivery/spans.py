# SPDX-License-Identifier: Apache-2.0
"""Counts spans before the batch processor may drop them, and keeps a batch until the collector has answered."""

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from app.telemetry.delivery.accounting import Accounting, Count
from app.telemetry.switch_interval import short_switch_interval

# A collector restarts within seconds; more frequent retries would only add refused requests.
FIRST_PAUSE_SECONDS: Final = 0.5
LAST_PAUSE_SECONDS: Final = 5.0


class CountingSpanProcessor(SpanProcessor):
    """Counts sampled spans as they end, to be added before the BatchSpanProcessor, whose queue may be full."""

    def __init__(self, accounting: Accounting, stop_repeating: Callable[[], None]) -> None:
        self._accounting = accounting
        self._stop_repeating = stop_repeating

    def on_end(self, span: ReadableSpan) -> None:
        """Count a span."""
        context = span.get_span_context()
        if context and context.trace_flags.sampled:
            self._accounting.spans(Count.SPANS_ENDED, 1)

    def shutdown(self) -> None:
        """End the repetitions: the batch processor, which is shut down next, waits for the batch under way."""
        self._stop_repeating()


class Answer(Protocol):
    """The result of the last export."""

    @property
    def sent(self) -> bool:
        """Return whether it left the process: what cannot be encoded does not."""
        ...

    @property
    def retryable(self) -> bool:
        """Return whether a failed export may be repeated."""
        ...

    def forget(self) -> None:
        """Clear it before another export."""
        ...


class AccountedSpanExporter(SpanExporter):
    """Repeats a batch while its failure is retryable, and counts what was sent, delivered and rejected.

    The wrapped exporter fails a batch after OTEL_EXPORTER_OTLP_TIMEOUT. During the repetitions the batch processor
    keeps the newest spans, drops the oldest and counts them.
    """

    def __init__(self, exporter: SpanExporter, answer: Answer, accounting: Accounting) -> None:
        self._exporter = exporter
        self._answer = answer
        self._accounting = accounting
        self._closing = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export until the collector has answered, or this is shut down."""
        self._accounting.spans(Count.SPANS_SENT, len(spans))
        return self._deliver(spans)

    def _deliver(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        pause = FIRST_PAUSE_SECONDS
        while (result := self._try(spans)) is SpanExportResult.FAILURE and self._answer.retryable:
            if self._closing.wait(pause):
                return result  # neither delivered nor rejected: unacknowledged
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
        if result is SpanExportResult.FAILURE and not self._answer.sent and len(spans) > 1:
            # One span that cannot be encoded (a start time in seconds, half a surrogate pair) fails its batch.
            middle = len(spans) // 2
            halves = [self._deliver(half) for half in (spans[:middle], spans[middle:])]
            return SpanExportResult.FAILURE if SpanExportResult.FAILURE in halves else SpanExportResult.SUCCESS
        delivered = result is SpanExportResult.SUCCESS
        self._accounting.spans(Count.SPANS_DELIVERED if delivered else Count.SPANS_REJECTED, len(spans))
        return result

    def _try(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._answer.forget()
        with short_switch_interval():
            return self._exporter.export(spans)

    def stop_repeating(self) -> None:
        """Try each further batch once: the process ends."""
        self._closing.set()

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self.stop_repeating()
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the exporter."""
        return self._exporter.force_flush(timeout_millis)
