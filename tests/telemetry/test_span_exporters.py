# SPDX-License-Identifier: Apache-2.0
"""The wrappers around the SDK's span exporter: repetition, accounting, flushes, and unwrapped exports."""

import os
import threading
import time
from collections.abc import Sequence

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.environment_variables import OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind

from app.telemetry import defaults, tracing
from app.telemetry.delivery import spans as delivery
from app.telemetry.delivery.accounting import Accounting, Count
from app.telemetry.delivery.answers import RETRYABLE
from app.telemetry.delivery.database import statement_attributes
from app.telemetry.delivery.redacting import RedactingSpanExporter
from app.telemetry.delivery.spans import AccountedSpanExporter, CountingSpanProcessor
from app.telemetry.sampling import sampler_from_environment

SPANS = [ReadableSpan("first"), ReadableSpan("second")]


class Collector(SpanExporter):
    """An exporter with a prepared status for each attempt; 200 once they are used up."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = [*statuses]
        self.attempts = 0
        self.flushed_within: list[int] = []
        self.retryable = False
        self.sent = False

    def forget(self) -> None:
        self.retryable = self.sent = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        assert spans
        self.attempts += 1
        self.sent = True
        status = self._statuses.pop(0) if self._statuses else 200
        self.retryable = status in RETRYABLE
        return SpanExportResult.SUCCESS if status < 400 else SpanExportResult.FAILURE

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self.flushed_within.append(timeout_millis)
        return True


class RecordOnly(Sampler):
    """Records every span and exports none."""

    def should_sample(self, *_arguments: object, **_more: object) -> SamplingResult:
        return SamplingResult(Decision.RECORD_ONLY)

    def get_description(self) -> str:
        return "RecordOnly"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_PAUSE_SECONDS", 0.001)


def wait_for_attempt(collector: Collector) -> None:
    """Wait until a batch has been tried once, for at most 20 s."""
    deadline = time.monotonic() + 20
    while not collector.attempts:
        assert time.monotonic() < deadline, "no batch was exported"
        time.sleep(0.01)


def counts(accounting: Accounting) -> tuple[int, int, int]:
    """Give how many spans were sent, delivered and rejected."""
    return tuple(accounting.counts[count] for count in (Count.SPANS_SENT, Count.SPANS_DELIVERED, Count.SPANS_REJECTED))  # type: ignore[return-value]  # three


@pytest.mark.parametrize(
    ("statuses", "attempts", "counted"),
    [((200,), 1, (2, 2, 0)), ((503, 502, 200), 3, (2, 2, 0)), ((429, 504), 3, (2, 2, 0)), ((400,), 1, (2, 0, 2))],
)
def test_a_batch_is_repeated_while_the_answer_is_retryable(
    statuses: tuple[int, ...], attempts: int, counted: tuple[int, int, int]
) -> None:
    collector, accounting = Collector(*statuses), Accounting()

    AccountedSpanExporter(collector, collector, accounting).export(SPANS)

    assert collector.attempts == attempts
    assert counts(accounting) == counted


def test_a_batch_is_tried_once_at_the_end_of_the_process_and_stays_unacknowledged() -> None:
    collector, accounting = Collector(503, 503), Accounting()
    exporter = AccountedSpanExporter(collector, collector, accounting)

    exporter.stop_repeating()

    assert exporter.export(SPANS) is SpanExportResult.FAILURE
    assert collector.attempts == 1
    assert counts(accounting) == (2, 0, 0)


def test_the_providers_shutdown_ends_the_pause_before_the_next_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_PAUSE_SECONDS", 3600.0)
    collector, accounting = Collector(503, 503), Accounting()
    accounted = AccountedSpanExporter(collector, collector, accounting)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(CountingSpanProcessor(accounting, accounted.stop_repeating))
    provider.add_span_processor(BatchSpanProcessor(accounted, schedule_delay_millis=1))
    provider.get_tracer("own").start_span("refused").end()
    wait_for_attempt(collector)

    shutdown = threading.Thread(target=provider.shutdown, daemon=True)
    shutdown.start()
    shutdown.join(20)  # without the end of the pause, the batch processor waits 30 s for its thread

    assert not shutdown.is_alive()
    assert counts(accounting) == (1, 0, 0)


def test_a_flush_reaches_the_exporter_with_its_time_limit() -> None:
    collector = Collector()

    assert RedactingSpanExporter(AccountedSpanExporter(collector, collector, Accounting())).force_flush(500)
    assert collector.flushed_within == [500]


def test_a_span_that_is_recorded_and_not_sampled_is_not_accounted_for() -> None:
    accounting = Accounting()
    provider = TracerProvider(sampler=RecordOnly())
    provider.add_span_processor(CountingSpanProcessor(accounting, lambda: None))

    provider.get_tracer("own").start_span("recorded").end()

    assert accounting.counts[Count.SPANS_ENDED] == 0


def test_an_event_that_is_no_exception_makes_no_error_type() -> None:
    span = TracerProvider().get_tracer("own").start_span("SELECT")
    span.add_event("noted")
    span.end()
    assert isinstance(span, ReadableSpan)

    assert "error.type" not in statement_attributes({"db.query.text": "SELECT 1"}, span.events)


def test_the_samplers_description_names_the_one_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.25")

    assert sampler_from_environment().get_description() == "NoStatementBeginsATrace{TraceIdRatioBased{0.25}}"


def test_a_statement_outside_a_trace_begins_none() -> None:
    sampler = sampler_from_environment()

    assert sampler.should_sample(Context(), 1, "SELECT", SpanKind.CLIENT).decision is Decision.DROP
    assert sampler.should_sample(Context(), 1, "GET /", SpanKind.SERVER).decision is Decision.RECORD_AND_SAMPLE


@pytest.mark.parametrize("given", [None, "false"])
def test_the_sdks_own_metrics_are_on_for_the_batch_processor_only(
    monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    name = OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED
    if given is None:
        monkeypatch.delenv(name, raising=False)
    else:
        monkeypatch.setenv(name, given)

    with tracing.self_observability():
        within = os.environ.get(name)

    assert within == "true"
    assert os.environ.get(name) == given


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in defaults.DEFAULTS:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", " ")

    defaults.hand_over({})

    assert {name: os.environ[name] for name in defaults.DEFAULTS} == dict(defaults.DEFAULTS)
    assert "OTEL_BSP_MAX_QUEUE_SIZE" not in os.environ
