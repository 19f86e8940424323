# SPDX-License-Identifier: Apache-2.0
"""A span or a metric that OTLP cannot express costs no other one of its export."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext, Status, StatusCode

from app.telemetry import safety
from app.telemetry.delivery.accounting import Accounting, Count
from app.telemetry.delivery.answers import AnswerSession
from app.telemetry.delivery.metrics import AccountedMetricExporter
from app.telemetry.delivery.redacting import RedactingSpanExporter
from app.telemetry.delivery.spans import AccountedSpanExporter
from app.telemetry.log_sinks import OncePerMinute
from tests.telemetry.otlp_sink import serving_otlp

BAD_SPANS: dict[str, dict[str, Any]] = {
    "a start time in seconds": {"start_time": 1.5},
    "a time before 1970": {"start_time": -5},
    "an end that is too late": {"end_time": 2**70},
    "a name that is no text": {"name": 5},
    "a name with half a surrogate pair": {"name": "\ud800"},
    "a status with half a surrogate pair": {"status": Status(StatusCode.ERROR, "\ud800")},
}
BAD_METRICS: dict[str, Callable[[Meter], object]] = {
    "an integer of 65 bits": lambda meter: meter.create_counter("bad").add(2**64),
    "a description with half a surrogate pair": lambda meter: meter.create_counter("bad", "1", "\ud800").add(1),
    "a decimal with an exemplar": lambda meter: meter.create_histogram("bad").record(Decimal("1.5")),  # type: ignore[arg-type]  # the point
}


@pytest.mark.parametrize("fault", BAD_SPANS.values(), ids=list(BAD_SPANS))
def test_a_span_that_cannot_be_encoded_costs_no_other_span_of_its_batch(fault: dict[str, Any]) -> None:
    session, accounting, context = AnswerSession(), Accounting(), SpanContext(1, 2, is_remote=False)
    spans = [ReadableSpan(f"whole {number}", context) for number in range(9)]
    spans.insert(4, ReadableSpan(**{"name": "bad", "context": context} | fault))

    with serving_otlp() as sink:
        exporter = OTLPSpanExporter(f"{sink.endpoint}/v1/traces", session=session)
        result = RedactingSpanExporter(AccountedSpanExporter(exporter, session, accounting)).export(spans)
        session.close()

    assert result is SpanExportResult.FAILURE
    assert [each.span.name for each in sink.spans()] == [f"whole {number}" for number in range(9)]
    counted = [accounting.counts[each] for each in (Count.SPANS_SENT, Count.SPANS_DELIVERED, Count.SPANS_REJECTED)]
    assert counted == [10, 9, 1]


@pytest.mark.parametrize("measure", BAD_METRICS.values(), ids=list(BAD_METRICS))
def test_a_metric_that_cannot_be_encoded_costs_no_other_metric(
    measure: Callable[[Meter], object], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(safety, "_failure_limits", defaultdict(OncePerMinute))
    with serving_otlp() as sink:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.endpoint)
        reader = PeriodicExportingMetricReader(AccountedMetricExporter(Accounting()), 3_600_000)
        provider = MeterProvider([reader], shutdown_on_exit=False)
        meter = provider.get_meter("app.own")
        meter.create_counter("before").add(1)
        with TracerProvider(shutdown_on_exit=False).get_tracer("app.own").start_as_current_span("measured"):
            measure(meter)
        meter.create_counter("after").add(1)
        provider.force_flush()
        received = {name: len(sink.metrics(name)) for name in ("before", "bad", "after")}
        provider.shutdown()

    assert received == {"before": 1, "bad": 0, "after": 1}
    assert "encoding_a_metric" in [getattr(record, "doing", None) for record in caplog.records]
