# SPDX-License-Identifier: Apache-2.0
"""The tracer that instrumentors get does what OpenTelemetry's API promises, as far as anything of it leaves."""

import time

import pytest
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, get_current_span, set_span_in_context

from app.telemetry.spans.record import SpanRecord
from app.telemetry.standard.tracer import QueueTracerProvider

SECOND = 10**9


@pytest.fixture
def left() -> list[SpanRecord]:
    return []


@pytest.fixture
def provider(left: list[SpanRecord]) -> QueueTracerProvider:
    return QueueTracerProvider(left.append)


def test_a_span_begins_when_it_is_said_to_have_begun(provider: QueueTracerProvider, left: list[SpanRecord]) -> None:
    began = time.time_ns() - 3 * SECOND

    provider.get_tracer("x").start_span("late", start_time=began).end()

    [span] = left
    assert span.start == began
    assert 3 * SECOND <= span.end - span.start < 60 * SECOND


def test_a_span_that_begins_in_the_future_lasts_no_negative_time(
    provider: QueueTracerProvider, left: list[SpanRecord]
) -> None:
    began = time.time_ns() + 3600 * SECOND

    provider.get_tracer("x").start_span("early", start_time=began).end(end_time=began - SECOND)

    [span] = left
    assert span.start == began <= span.end


def test_a_span_ends_once(provider: QueueTracerProvider, left: list[SpanRecord]) -> None:
    span = provider.get_tracer("x").start_span("once")

    span.end()
    span.end()

    assert len(left) == 1


def test_a_span_of_no_trace_begins_one_and_its_child_belongs_to_it(
    provider: QueueTracerProvider, left: list[SpanRecord]
) -> None:
    tracer = provider.get_tracer("x")
    parent = tracer.start_span("parent", Context(), SpanKind.SERVER)

    with tracer.start_as_current_span("child", set_span_in_context(parent, Context())) as child:
        assert get_current_span() is child
    parent.end()

    inner, outer = left
    assert (inner.template.name, outer.template.name) == ("child", "parent")
    assert (inner.template.kind, outer.template.kind) == (SpanKind.INTERNAL, SpanKind.SERVER)
    assert (inner.trace_id, inner.parent_id) == (outer.trace_id, outer.span_id)
    assert (outer.parent_id, outer.remote, inner.remote) == (0, False, False)


def test_a_current_span_may_live_on(provider: QueueTracerProvider, left: list[SpanRecord]) -> None:
    with provider.get_tracer("x").start_as_current_span("long", end_on_exit=False) as span:
        pass
    assert left == []

    span.end()

    assert [each.template.name for each in left] == ["long"]


def test_an_exception_within_a_span_is_its_failure(provider: QueueTracerProvider, left: list[SpanRecord]) -> None:
    with pytest.raises(ValueError, match="canary"), provider.get_tracer("x").start_as_current_span("fails"):
        raise ValueError("canary")

    [span] = left
    assert span.failed
    assert [dict(event.attributes) for event in span.events] == [{"exception.type": "ValueError"}]


@pytest.mark.parametrize(
    ("codes", "failed"),
    [
        ([StatusCode.ERROR], True),
        ([StatusCode.ERROR, StatusCode.UNSET], True),
        ([StatusCode.ERROR, StatusCode.OK], False),
        ([StatusCode.UNSET], False),
    ],
)
def test_a_status_stays_until_another_is_set(
    provider: QueueTracerProvider, left: list[SpanRecord], codes: list[StatusCode], *, failed: bool
) -> None:
    span = provider.get_tracer("x").start_span("judged")

    for code in codes:
        span.set_status(code)
    span.end()

    assert left[0].failed is failed


def test_an_exception_that_was_handled_is_told_and_no_failure(
    provider: QueueTracerProvider, left: list[SpanRecord]
) -> None:
    span = provider.get_tracer("x").start_span("handled")

    span.record_exception(ValueError("canary"), timestamp=7)
    span.end()

    assert not left[0].failed
    assert [(event.name, event.time) for event in left[0].events] == [("exception", 7)]


def test_an_instrumentors_attributes_are_chosen_by_kind(provider: QueueTracerProvider, left: list[SpanRecord]) -> None:
    told = {"http.route": "/loans", "url.path": "/loans", "client.address": "canary"}

    provider.get_tracer("x").start_span("GET", kind=SpanKind.SERVER, attributes=told).end()
    provider.get_tracer("x").start_span("GET", kind=SpanKind.INTERNAL, attributes=told).end()

    assert [dict(span.attributes) for span in left] == [{"http.route": "/loans", "url.path": "/loans"}, {}]
