# SPDX-License-Identifier: Apache-2.0
"""Where ended spans wait for the collector: bounded, never in a request's way, and accounted for to the last one.

The SDK's BatchSpanProcessor gives a batch up after one failed export, and what it drops is counted where a SIGKILL
erases it. Here a batch is kept until the collector has answered, and each step is written down in the ledger.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from typing import Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from app.telemetry import semconv
from app.telemetry.ledger import Entry, Ledger
from app.telemetry.safety import complain
from app.telemetry.spans.record import SpanRecord

CAPACITY: Final = 4096  # about 2 MB; 10 s of an outage at 130 requests a second
# Each batch costs a request to the collector, during which others wait for the interpreter: at one batch in 1024 spans
# that is none of a hundred requests.
BATCH: Final = 1024
# Written alone, between requests to the database, a span costs several times what it does among others: whatever the
# writer needs has left the processor's caches. Whoever ends the sixteenth writes them all.
TOGETHER: Final = 16
# A collector that restarts is back in seconds; asked more often it would only be in its own way.
FIRST_PAUSE_SECONDS: Final = 0.5
LAST_PAUSE_SECONDS: Final = 5.0


class Answer(Enum):
    """What became of a batch."""

    DELIVERED = auto()
    REFUSED = auto()  # for good
    NONE = auto()  # for now


Write = Callable[[SpanRecord], bytes]
Deliver = Callable[[Sequence[bytes]], Answer]


class SpanQueue:
    """Holds the newest spans, and hands them over in batches from a thread of its own."""

    def __init__(self, write: Write, deliver: Deliver, ledger: Ledger, delay_seconds: float) -> None:
        self._write = write
        self._deliver = deliver
        self._ledger = ledger
        self._delay = delay_seconds
        self._ended: list[SpanRecord] = []  # not written yet
        self._waiting: deque[bytes] = deque()
        self._lock = threading.Lock()  # of both and of what the ledger says about them
        self._sending = threading.Lock()
        self._awake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="OtelSpanQueue", daemon=True)
        self._thread.start()

    def put(self, span: SpanRecord) -> None:
        """Let a span wait that has ended; where none has room, the oldest makes it."""
        cells = self._ledger.cells
        with self._lock:
            cells[Entry.SPANS_ENDED] += 1
            if len(self._waiting) + len(self._ended) >= CAPACITY:
                self._waiting.popleft()
                cells[Entry.SPANS_DROPPED] += 1
            self._ended.append(span)
            enough = len(self._ended) >= TOGETHER
        if enough:
            self._write_ended()
            if len(self._waiting) >= BATCH and not self._awake.is_set():
                self._awake.set()

    def flush(self) -> None:
        """Hand over what waits now, and return when that was tried."""
        self._send(at_least=1)

    def close(self) -> None:
        """Hand over what waits, giving up where the collector does not answer; nothing is taken any more."""
        self._closing.set()
        self._awake.set()
        self._thread.join()
        self.flush()

    def observe(self, meter: Meter) -> None:
        """Report the queue by the conventions' metrics of an SDK."""
        meter.create_observable_counter(
            semconv.OTEL_SDK_PROCESSOR_SPAN_PROCESSED, [self._processed], "{span}", "Spans that left the queue."
        )
        meter.create_observable_counter(
            semconv.OTEL_SDK_EXPORTER_SPAN_EXPORTED,
            [self._exported],
            "{span}",
            "Spans that an export has ended for, well or badly.",
        )
        meter.create_observable_up_down_counter(
            semconv.OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE, [self._size], "{span}", "Spans that wait."
        )
        meter.create_observable_up_down_counter(
            semconv.OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY, [self._capacity], "{span}", "Spans that can wait."
        )

    def _run(self) -> None:
        while not self._closing.is_set():
            full = self._awake.wait(self._delay)
            self._awake.clear()
            self._send(at_least=BATCH if full else 1)

    def _send(self, at_least: int) -> None:
        with self._sending:
            while batch := self._take(at_least):
                answer = self._persist(batch)
                entry = Entry.SPANS_DELIVERED if answer is Answer.DELIVERED else Entry.SPANS_REFUSED
                if answer is not Answer.NONE:
                    with self._lock:
                        self._ledger.cells[entry] += len(batch)

    def _write_ended(self) -> None:
        with self._lock:
            ended, self._ended = self._ended, []
        # Without the lock, as a value's own code may run here.
        written = [each for span in ended if (each := self._written(span))]
        cells, unwritable = self._ledger.cells, len(ended) - len(written)
        with self._lock:
            self._waiting.extend(written)
            cells[Entry.SPANS_SENT] += unwritable
            cells[Entry.SPANS_REFUSED] += unwritable

    def _written(self, span: SpanRecord) -> bytes | None:
        """Write a span, or complain: whoever writes it, another request or the queue's own thread, has to go on."""
        try:
            return self._write(span)
        except Exception as error:  # noqa: BLE001  # what a value does when it is asked what it is, is its own affair
            complain("encoding_a_span", error)
            return None

    def _take(self, at_least: int) -> list[bytes]:
        self._write_ended()
        with self._lock:
            if len(self._waiting) < at_least:
                return []
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._ledger.cells[Entry.SPANS_SENT] += len(batch)
            return batch

    def _persist(self, batch: Sequence[bytes]) -> Answer:
        """Try again until there is an answer, or no more time."""
        pause = FIRST_PAUSE_SECONDS
        while (answer := self._deliver(batch)) is Answer.NONE and not self._closing.wait(pause):
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
        return answer

    def _processed(self, _options: CallbackOptions) -> Iterable[Observation]:
        cells = self._ledger.cells
        yield Observation(cells[Entry.SPANS_SENT])
        yield Observation(cells[Entry.SPANS_DROPPED], {semconv.ERROR_TYPE: "queue_full"})

    def _exported(self, _options: CallbackOptions) -> Iterable[Observation]:
        cells = self._ledger.cells
        yield Observation(cells[Entry.SPANS_DELIVERED])
        yield Observation(cells[Entry.SPANS_REFUSED], {semconv.ERROR_TYPE: "export_failed"})

    def _size(self, _options: CallbackOptions) -> Iterable[Observation]:
        yield Observation(len(self._waiting) + len(self._ended))

    def _capacity(self, _options: CallbackOptions) -> Iterable[Observation]:
        yield Observation(CAPACITY)
