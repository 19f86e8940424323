# SPDX-License-Identifier: Apache-2.0
"""The interpreter's switch interval is short during an export, and the usual one afterwards."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import Event, Thread

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from app.telemetry.delivery.accounting import Accounting
from app.telemetry.delivery.answers import AnswerSession
from app.telemetry.delivery.metrics import AccountedMetricExporter
from app.telemetry.delivery.spans import AccountedSpanExporter
from app.telemetry.switch_interval import SECONDS, short_switch_interval
from tests.tries import until_good

USUAL_SECONDS = 0.005  # Python's own
TIMES = 20
ROUNDS = 5  # one will do: where others compute all the time, both measurements grow by chance


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(USUAL_SECONDS)
    yield
    sys.setswitchinterval(before)


def test_the_interval_is_short_until_the_last_export_has_ended() -> None:
    with short_switch_interval():
        with short_switch_interval():
            assert sys.getswitchinterval() == pytest.approx(SECONDS)
        assert sys.getswitchinterval() == pytest.approx(SECONDS)

    assert sys.getswitchinterval() == pytest.approx(USUAL_SECONDS)


def test_it_ends_with_a_failure_too() -> None:
    with pytest.raises(ValueError, match="broken"), short_switch_interval():
        raise ValueError("broken")

    assert sys.getswitchinterval() == pytest.approx(USUAL_SECONDS)


def test_spans_are_exported_with_a_short_switch_interval() -> None:
    seen: list[float] = []

    class Exporter(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002  # the SDK's signature
            seen.append(sys.getswitchinterval())
            return SpanExportResult.SUCCESS

    AccountedSpanExporter(Exporter(), AnswerSession(), Accounting()).export([])

    assert seen == [pytest.approx(SECONDS)]


def test_metrics_are_exported_with_a_short_switch_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def export(*_arguments: object, **_named: object) -> MetricExportResult:
        seen.append(sys.getswitchinterval())
        return MetricExportResult.SUCCESS

    monkeypatch.setattr(OTLPMetricExporter, "export", export)
    AccountedMetricExporter(Accounting()).export(MetricsData([]))

    assert seen == [pytest.approx(SECONDS)]


def wait(turns: AbstractContextManager[None]) -> float:
    """Return how long a thread waits for the interpreter alone while another one computes, in seconds."""
    done = Event()

    def compute() -> None:
        with turns:
            while not done.is_set():
                pass

    worker = Thread(target=compute)
    worker.start()
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        time.sleep(0.001)
        found.append(time.perf_counter() - began - 0.001)
    done.set()
    worker.join()
    return sorted(found)[TIMES // 4]


def test_a_thread_waits_for_the_interpreter_half_as_long_at_most() -> None:
    def measure() -> tuple[float, float]:
        return wait(nullcontext()), wait(short_switch_interval())

    usually, shortened = until_good(measure, lambda found: found[0] > max(USUAL_SECONDS / 2, 2 * found[1]), ROUNDS)

    assert usually > USUAL_SECONDS / 2  # the control
    assert shortened < usually / 2
