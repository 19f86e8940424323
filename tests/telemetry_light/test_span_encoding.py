# SPDX-License-Identifier: Apache-2.0
"""What the encoder writes is what the protocol's own message classes read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.trace import SpanKind, StatusCode

from app.telemetry_light.encoding import RequestEncoder, encode_span, varint
from app.telemetry_light.record import SpanEvent, SpanRecord, Template
from tests.telemetry.spans_seen import SpanSeen, decoded

ENCODER = RequestEncoder({"service.name": "loan-service", "slots": 4}, "loan-service")
TIMES = st.integers(0, 2**64 - 1)
# Text may have lone surrogates in Python, and not in the protocol.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
VALUES = PLAIN | st.lists(TEXT).map(tuple) | st.lists(st.integers(-5, 5)).map(tuple)
SPANS = st.builds(
    SpanRecord,
    template=st.builds(Template, TEXT, st.sampled_from(list(SpanKind)), st.dictionaries(TEXT, VALUES, max_size=3)),
    trace_id=st.integers(1, 2**128 - 1),
    span_id=st.integers(1, 2**64 - 1),
    parent_id=st.integers(0, 2**64 - 1),
    start=TIMES,
    end=TIMES,
    attributes=st.dictionaries(TEXT.map(lambda name: f"own.{name}"), VALUES, max_size=3),
    failed=st.booleans(),
    events=st.lists(st.builds(SpanEvent, TEXT, TIMES, st.dictionaries(TEXT, VALUES, max_size=2)), max_size=2),
    remote=st.booleans(),
    trace_state=st.sampled_from(["", "a=b", "vendor=x,other=y"]),
)


def read(span: SpanRecord) -> SpanSeen:
    [seen] = decoded(ENCODER.encode([encode_span(span)]))
    return seen


@given(SPANS)
def test_a_span_is_read_as_it_was_written(span: SpanRecord) -> None:
    seen = read(span)

    assert (seen.name, seen.kind) == (span.template.name, span.template.kind)
    assert (seen.context.trace_id, seen.context.span_id) == (span.trace_id, span.span_id)
    assert (seen.parent.span_id if seen.parent else 0) == span.parent_id
    assert seen.parent is None or seen.parent.is_remote is span.remote
    assert (seen.start_time, seen.end_time) == (span.start, span.end)
    assert seen.attributes == {**span.template.attributes, **span.attributes}
    assert [(event.name, event.timestamp, event.attributes) for event in seen.events] == list(span.events)
    assert seen.status is (StatusCode.ERROR if span.failed else StatusCode.UNSET)
    assert seen.resource == {"service.name": "loan-service", "slots": 4}
    assert seen.trace_state == span.trace_state


@given(st.lists(SPANS, max_size=5))
def test_a_batch_is_every_span_once_and_in_order(spans: list[SpanRecord]) -> None:
    seen = list(decoded(ENCODER.encode(map(encode_span, spans))))

    assert [span.context.span_id for span in seen] == [span.span_id for span in spans]


def test_a_template_that_was_written_once_is_written_alike_again() -> None:
    template = Template("GET /loans", SpanKind.SERVER, {"http.route": "/loans"})
    first, second = (SpanRecord(template, 1, span_id, 0, 1, 2, {"loan.id": "7"}) for span_id in (1, 2))

    assert read(first).attributes == read(second).attributes == {"http.route": "/loans", "loan.id": "7"}


def test_one_and_true_and_1_0_are_three_values() -> None:
    attributes: dict[str, Any] = {"a": 1, "b": True, "c": 1.0}
    template = Template("", SpanKind.SERVER, {})

    for key, value in attributes.items():
        assert type(read(SpanRecord(template, 1, 2, 0, 3, 4, {"same": value})).attributes["same"]) is type(value), key


@pytest.mark.parametrize(
    ("value", "text"), [(object, "<class 'object'>"), ({"a": 1}, "{'a': 1}"), (None, "None"), ("\ud800", "?")]
)
def test_what_the_protocol_has_no_type_for_is_written_as_text(value: Any, text: str) -> None:  # noqa: ANN401  # the point
    span = SpanRecord(Template("", SpanKind.SERVER, {}), 1, 2, 0, 3, 4, {"loan.id": value})

    assert read(span).attributes == {"loan.id": text}


def test_the_request_is_one_resource_and_one_scope() -> None:
    request = ExportTraceServiceRequest.FromString(ENCODER.encode([]))

    [batch] = request.resource_spans
    [scope] = batch.scope_spans
    assert (scope.scope.name, len(scope.spans)) == ("loan-service", 0)


@pytest.mark.parametrize(("number", "written"), [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02")])
def test_numbers_are_written_seven_bits_a_byte(number: int, written: str) -> None:
    assert varint(number).hex() == written


class Unwritable:
    """A value that cannot be written as text."""

    def __str__(self) -> str:
        raise ValueError("no text")


def test_a_span_with_a_value_that_cannot_be_written_leaves_without_its_attributes() -> None:
    attributes: dict[str, Any] = {"loan.id": Unwritable(), "http.route": "/loans"}
    span = SpanRecord(Template("GET /loans", SpanKind.SERVER, {}), 1, 2, 0, 3, 4, attributes)

    assert (read(span).name, read(span).attributes) == ("GET /loans", {})


def test_a_list_is_written_though_it_cannot_be_remembered() -> None:
    span = SpanRecord(Template("", SpanKind.SERVER, {}), 1, 2, 0, 3, 4, {"own.list": ["a", "b"]})

    assert read(span).attributes == {"own.list": ("a", "b")}
