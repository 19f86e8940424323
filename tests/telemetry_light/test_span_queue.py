# SPDX-License-Identifier: Apache-2.0
"""The queue keeps the newest spans for the collector, and accounts for each."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.trace import SpanKind

from app.telemetry.delivery.accounting import Accounting, Count, Loss
from app.telemetry_light import queue as queues
from app.telemetry_light.delivery import Answer
from app.telemetry_light.queue import BATCH, CAPACITY, TOGETHER, SpanQueue, Write
from app.telemetry_light.record import SpanRecord, Template
from stack.polling import poll

NEVER_SECONDS = 3600.0
PATIENCE_SECONDS = 10.0


METERS = MeterProvider([], shutdown_on_exit=False)
TEMPLATE = Template("GET /loans", SpanKind.SERVER, {})


def span(number: int) -> SpanRecord:
    return SpanRecord(TEMPLATE, 1, number, 0, 3, 4, {})


def written(span: SpanRecord) -> bytes:
    return str(span.span_id).encode()  # how it is written is no matter of the queue's


@dataclass
class Collector:
    """Answers as configured, and keeps what it has acknowledged."""

    answers: list[Answer] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    asked: int = 0
    open: threading.Event = field(default_factory=threading.Event)

    def __call__(self, spans: Sequence[bytes]) -> Answer:
        assert len(spans) <= BATCH
        self.asked += 1
        self.open.wait(PATIENCE_SECONDS)
        answer = self.answers.pop(0) if self.answers else Answer.DELIVERED
        if answer is Answer.DELIVERED:
            self.delivered += [int(each) for each in spans]
        return answer


Build = Callable[..., tuple[SpanQueue, Collector, Accounting]]


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Build queues whose pauses are short, and close them in the end."""
    monkeypatch.setattr(queues, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(queues, "LAST_PAUSE_SECONDS", 0.02)
    built: list[tuple[SpanQueue, Collector]] = []

    def one(
        *answers: Answer,
        delay: float = NEVER_SECONDS,
        is_open: bool = True,
        write: Write = written,
        capacity: int = CAPACITY,
    ) -> tuple[SpanQueue, Collector, Accounting]:
        collector, accounting = Collector(list(answers)), Accounting()
        if is_open:
            collector.open.set()
        made = SpanQueue(write, collector, accounting, METERS, delay_seconds=delay, capacity=capacity)
        built.append((made, collector))
        return made, collector, accounting

    yield one
    for made, collector in built:
        collector.open.set()
        made.close()


def test_what_waits_is_sent_when_the_time_has_come(build: Build) -> None:
    queue, collector, accounting = build(delay=0.01)

    queue.put(span(0))

    poll(lambda: collector.delivered == [0], PATIENCE_SECONDS, "the span")
    poll(lambda: accounting.counts[Count.SPANS_DELIVERED] == 1, PATIENCE_SECONDS, "the accounting")
    assert accounting.loss() == Loss(0, 0, 0, 0)


def test_a_full_batch_does_not_wait_for_the_time(build: Build) -> None:
    queue, collector, _ = build()

    for number in range(BATCH + 5):
        queue.put(span(number))

    poll(lambda: collector.delivered, PATIENCE_SECONDS, "the full batch")
    assert collector.delivered == list(range(BATCH))


def test_spans_are_written_several_at_a_time(build: Build) -> None:
    seen: list[int] = []

    def write(span: SpanRecord) -> bytes:
        seen.append(span.span_id)
        return written(span)

    queue, collector, accounting = build(write=write)
    for number in range(TOGETHER - 1):
        queue.put(span(number))
    assert seen == []
    assert accounting.loss().spans_lost == TOGETHER - 1  # those of a worker that is killed now

    queue.put(span(TOGETHER - 1))
    assert seen == list(range(TOGETHER))

    queue.put(span(TOGETHER))
    queue.flush()
    assert collector.delivered == seen == list(range(TOGETHER + 1))


def test_writing_a_span_may_end_another(build: Build) -> None:
    def write(told: SpanRecord) -> bytes:
        if told.span_id < TOGETHER:
            queue.put(span(TOGETHER + told.span_id))
        return written(told)

    queue, collector, _ = build(write=write)

    for number in range(TOGETHER):
        queue.put(span(number))
    queue.close()

    assert sorted(collector.delivered) == list(range(2 * TOGETHER))


def test_a_span_that_cannot_be_written_is_counted_and_costs_no_other(build: Build) -> None:
    def write(span: SpanRecord) -> bytes:
        if span.span_id == 3:
            raise ValueError
        return written(span)

    queue, collector, accounting = build(write=write)
    for number in range(TOGETHER + 5):
        queue.put(span(number))
    queue.flush()
    queue.put(span(3))
    queue.flush()  # where the thread of the queue writes, it must live on

    assert collector.delivered == [number for number in range(TOGETHER + 5) if number != 3]
    assert accounting.counts[Count.SPANS_REJECTED] == 2
    assert accounting.loss() == Loss(0, 0, 2, 0)


def test_a_batch_is_kept_until_there_is_an_answer(build: Build) -> None:
    queue, collector, accounting = build(Answer.RETRYABLE, Answer.RETRYABLE, Answer.RETRYABLE, delay=0.01)

    queue.put(span(0))

    poll(lambda: collector.delivered == [0], PATIENCE_SECONDS, "the span")
    assert collector.asked == 4
    assert accounting.counts[Count.SPANS_SENT] == 1


def test_a_refused_batch_is_counted_and_the_next_is_sent(build: Build) -> None:
    queue, collector, accounting = build(Answer.REJECTED)

    queue.put(span(0))
    queue.flush()
    queue.put(span(1))
    queue.flush()

    assert collector.delivered == [1]
    assert accounting.counts[Count.SPANS_REJECTED] == 1
    assert accounting.loss().spans_lost == 1  # until an export of metrics contains it


def test_a_full_queue_gives_up_its_oldest_and_counts_them(build: Build) -> None:
    queue, collector, accounting = build(is_open=False)
    queue.put(span(-1))
    threading.Thread(target=queue.flush).start()
    poll(lambda: collector.asked == 1, PATIENCE_SECONDS, "a batch that is under way")

    for number in range(CAPACITY + 10):
        queue.put(span(number))
    loss = accounting.loss()
    collector.open.set()
    queue.close()

    assert (loss.spans_lost, loss.spans_unconfirmed) == (CAPACITY + 10, 1)
    assert collector.delivered == [-1, *range(10, CAPACITY + 10)]


def test_a_queue_smaller_than_what_is_written_together_keeps_the_newest(build: Build) -> None:
    queue, collector, accounting = build(capacity=3)

    for number in range(5):
        queue.put(span(number))
    queue.flush()

    assert collector.delivered == [2, 3, 4]
    assert accounting.counts[Count.SPANS_ENDED] == 5
    assert accounting.loss().spans_lost == 2


def test_a_full_queue_smaller_than_a_batch_is_exported_at_once(build: Build) -> None:
    queue, collector, _ = build(capacity=2 * TOGETHER)

    for number in range(2 * TOGETHER):
        queue.put(span(number))

    poll(lambda: collector.delivered, PATIENCE_SECONDS, "the full queue")
    assert collector.delivered == list(range(2 * TOGETHER))


def test_the_end_delivers_what_waits(build: Build) -> None:
    queue, collector, accounting = build()
    for number in range(3 * BATCH):
        queue.put(span(number))

    queue.close()

    assert collector.delivered == list(range(3 * BATCH))
    assert accounting.loss() == Loss(0, 0, 0, 0)


def test_the_end_does_not_wait_for_a_collector_that_is_away(build: Build) -> None:
    queue, collector, accounting = build(*[Answer.RETRYABLE] * 100)
    for number in range(5):
        queue.put(span(number))

    queue.close()

    assert collector.delivered == []
    assert collector.asked == 1
    assert accounting.loss() == Loss(0, 0, 0, 5)


def test_spans_of_many_threads_are_each_delivered_once(build: Build) -> None:
    queue, collector, accounting = build(delay=0.001)

    def put(thread: int) -> None:
        for number in range(200):
            queue.put(span(1000 * thread + number))

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.close()

    assert sorted(collector.delivered) == sorted(1000 * thread + number for thread in range(8) for number in range(200))
    assert accounting.counts[Count.SPANS_ENDED] == accounting.counts[Count.SPANS_DELIVERED] == 1600
