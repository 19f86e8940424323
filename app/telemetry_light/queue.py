# SPDX-License-Identifier: Apache-2.0
"""A batch span processor for encoded spans: bounded, and each step is counted where a SIGKILL doesn't erase it.

A batch is kept until the collector has answered; meanwhile the oldest of the waiting spans make room for new ones.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
from opentelemetry.semconv._incubating.metrics.otel_metrics import (
    create_otel_sdk_processor_span_processed,
    create_otel_sdk_processor_span_queue_capacity,
)

from app.telemetry import semconv
from app.telemetry.delivery.accounting import Accounting, Count
from app.telemetry.safety import log_failure
from app.telemetry.views import SDK_SCOPE
from app.telemetry_light.delivery import Answer
from app.telemetry_light.record import SpanRecord

CAPACITY: Final = 4096  # about 2 MB; 10 s of an outage at 130 requests a second
# Each batch costs a request to the collector, during which others wait for the interpreter: at one batch in 1024 spans
# that is none of a hundred requests.
BATCH: Final = 1024
# Encode spans 16 at a time: one at a time is several times slower (cold caches). The thread that ends the 16th does it.
TOGETHER: Final = 16
# A collector restarts within seconds; more frequent retries would only add refused requests.
FIRST_PAUSE_SECONDS: Final = 0.5
LAST_PAUSE_SECONDS: Final = 5.0

Write = Callable[[SpanRecord], bytes]
Deliver = Callable[[Sequence[bytes]], Answer]


class SpanQueue:
    """Keeps the newest spans, and exports them in batches from its own thread."""

    def __init__(
        self,
        write: Write,
        deliver: Deliver,
        accounting: Accounting,
        meter_provider: MeterProvider,
        *,
        delay_seconds: float,
        capacity: int = CAPACITY,
        batch: int = BATCH,
    ) -> None:
        self._write = write
        self._deliver = deliver
        self._accounting = accounting
        self._delay = delay_seconds
        self._capacity = capacity
        self._batch = min(batch, capacity)  # a full queue is a full batch: it is exported at once
        self._ended: list[SpanRecord] = []  # not written yet
        self._waiting: deque[bytes] = deque()
        self._lock = accounting.spans_lock  # of both and of their counts
        self._sending = threading.Lock()
        self._awake = threading.Event()
        self._closing = threading.Event()
        self._observe(meter_provider)
        self._thread = threading.Thread(target=self._run, name="OtelSpanQueue", daemon=True)
        self._thread.start()

    def put(self, span: SpanRecord) -> None:
        """Add an ended span; a full queue drops its oldest."""
        full = False
        with self._lock:
            self._accounting.counts[Count.SPANS_ENDED] += 1
            if len(self._waiting) + len(self._ended) >= self._capacity:
                if self._waiting:
                    self._waiting.popleft()
                else:  # a capacity below TOGETHER
                    del self._ended[0]
                full = True
            self._ended.append(span)
            enough = len(self._ended) >= TOGETHER
        if full:
            self._processed.add(1, {semconv.ERROR_TYPE: "queue_full"})
        if enough:
            self._write_ended()
            if len(self._waiting) >= self._batch and not self._awake.is_set():
                self._awake.set()

    def flush(self) -> None:
        """Export the queued spans in the calling thread."""
        self._send(at_least=1)

    def close(self) -> None:
        """Stop the thread and export the queued spans once, without retries."""
        self._closing.set()
        self._awake.set()
        self._thread.join()
        self.flush()

    def _observe(self, meter_provider: MeterProvider) -> None:
        """Report the queue by the SDK's own metrics of a batch processor."""
        meter = meter_provider.get_meter(SDK_SCOPE)
        self._processed = create_otel_sdk_processor_span_processed(meter)
        create_otel_sdk_processor_span_queue_capacity(meter).add(self._capacity)
        meter.create_observable_up_down_counter(
            semconv.OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE,
            [self._size],
            "{span}",
            "The number of spans in the queue of a given instance of an SDK span processor.",  # the SDK's description
        )

    def _run(self) -> None:
        while not self._closing.is_set():
            full = self._awake.wait(self._delay)
            self._awake.clear()
            self._send(at_least=self._batch if full else 1)

    def _send(self, at_least: int) -> None:
        with self._sending:
            while batch := self._take(at_least):
                self._processed.add(len(batch))
                answer = self._persist(batch)
                if answer is not Answer.RETRYABLE:
                    delivered = answer is Answer.DELIVERED
                    self._accounting.spans(Count.SPANS_DELIVERED if delivered else Count.SPANS_REJECTED, len(batch))

    def _write_ended(self) -> None:
        with self._lock:
            ended, self._ended = self._ended, []
        # Without the lock, as a value's own code may run here.
        written = [each for span in ended if (each := self._written(span))]
        counts, unwritable = self._accounting.counts, len(ended) - len(written)
        with self._lock:
            self._waiting.extend(written)
            counts[Count.SPANS_SENT] += unwritable
            counts[Count.SPANS_REJECTED] += unwritable

    def _written(self, span: SpanRecord) -> bytes | None:
        """Encode a span, or log the failure: the thread is any request's or the queue's, and must go on."""
        try:
            return self._write(span)
        except Exception as error:  # noqa: BLE001  # the value's own code may raise anything
            log_failure("encoding_a_span", error)
            return None

    def _take(self, at_least: int) -> list[bytes]:
        self._write_ended()
        with self._lock:
            if len(self._waiting) < at_least:
                return []
            batch = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
            self._accounting.counts[Count.SPANS_SENT] += len(batch)
            return batch

    def _persist(self, batch: Sequence[bytes]) -> Answer:
        """Export a batch; repeat it while the failure is retryable and the queue is open."""
        pause = FIRST_PAUSE_SECONDS
        while (answer := self._deliver(batch)) is Answer.RETRYABLE and not self._closing.wait(pause):
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
        return answer

    def _size(self, _options: CallbackOptions) -> Iterable[Observation]:
        yield Observation(len(self._waiting) + len(self._ended))
