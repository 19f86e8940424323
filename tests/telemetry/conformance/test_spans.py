# SPDX-License-Identifier: Apache-2.0
"""An application's own spans arrive with all of their data."""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.trace import SpanKind

from tests.telemetry.conformance.conftest import Running
from tests.telemetry.conformance.expected import (
    ATTRIBUTES,
    CHANGED,
    EVENT_TIME,
    LINKED,
    SCHEMA_URL,
    SCOPE,
    SECOND,
    VERSION,
)
from tests.telemetry.otlp_sink import attributes


@pytest.mark.parametrize("kind", [kind.name for kind in SpanKind])
def test_a_span_of_each_kind_arrives_whole(app: Running, kind: str) -> None:
    received = app.sink.wait_for_span(f"{kind} renamed", app.get("/kinds")["trace_id"])
    span = received.span

    assert span.kind == Span.SpanKind.Value(f"SPAN_KIND_{kind}")
    assert received.attributes == ATTRIBUTES | CHANGED
    first, second = span.events
    assert (first.name, first.time_unix_nano, attributes(first.attributes)) == (
        "shop.event",
        EVENT_TIME,
        {"shop.event.texts": ("a", "b")},
    )
    assert (second.name, attributes(second.attributes)) == ("shop.bare_event", {})
    assert span.start_time_unix_nano <= second.time_unix_nano <= span.end_time_unix_nano
    assert [attributes(link.attributes) for link in span.links] == [{"shop.link": "first"}, {"shop.link": "second"}]
    assert {(int(link.trace_id.hex(), 16), int(link.span_id.hex(), 16)) for link in span.links} == {LINKED}
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count) == (0, 0, 0)


def test_a_span_names_its_instrumentation_scope_and_schema(app: Running) -> None:
    received = app.sink.wait_for_span("INTERNAL renamed", app.get("/kinds")["trace_id"])

    assert (received.scope.name, received.scope.version, received.schema_url) == (SCOPE, VERSION, SCHEMA_URL)
    assert attributes(received.scope.attributes) == {"shop.team": "pricing"}


def test_the_request_is_observed_by_the_pipeline_that_was_asked_for(app: Running, pipeline: str) -> None:
    scope = app.sink.wait_for_span("GET /current", app.get("/current")["trace_id"]).scope.name

    assert scope == {"standard": "opentelemetry.instrumentation.flask", "light": "app.telemetry_light"}[pipeline]


def test_a_span_of_ones_own_lies_below_the_requests(app: Running) -> None:
    said = app.get("/kinds")

    own = app.sink.wait_for_span("INTERNAL renamed", said["trace_id"])
    request = app.sink.wait_for_span("GET /kinds", said["trace_id"])

    assert own.span.parent_span_id == request.span.span_id == bytes.fromhex(said["span_id"])
    assert own.resource == request.resource


def test_explicit_times_are_kept(app: Running) -> None:
    span = app.sink.wait_for_span("past", app.get("/times")["trace_id"]).span

    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (SECOND, 2 * SECOND)


def test_an_ended_span_is_closed(app: Running) -> None:
    said = app.get("/times")

    received = app.sink.wait_for_span("ended", said["trace_id"])

    assert (said["during"], said["after"]) == (True, False)
    assert received.span.end_time_unix_nano == 4_000_000_000 * SECOND
    assert received.attributes == {}
    assert len([each for each in app.sink.spans_of(said["trace_id"]) if each.span.name == "ended"]) == 1


@pytest.mark.parametrize(
    ("name", "status", "exceptions"),
    [
        ("fails", Status.STATUS_CODE_ERROR, 1),
        ("fails unrecorded", Status.STATUS_CODE_ERROR, 0),
        ("fails without status", Status.STATUS_CODE_UNSET, 1),
        ("recorded", Status.STATUS_CODE_ERROR, 1),
        ("succeeds", Status.STATUS_CODE_OK, 0),
        ("kept open", Status.STATUS_CODE_UNSET, 0),
    ],
)
def test_an_exception_is_recorded_as_the_flags_require(app: Running, name: str, status: int, exceptions: int) -> None:
    said = app.get("/failures")

    span = app.sink.wait_for_span(name, said["trace_id"]).span

    assert int(span.status.code) == status
    assert [event.name for event in span.events] == ["exception"] * exceptions
    assert {attributes(event.attributes)["exception.type"] for event in span.events} <= {"LookupError"}
    assert said["kept open"] is True


def test_an_exception_event_keeps_its_own_attributes_and_time(app: Running) -> None:
    span = app.sink.wait_for_span("recorded", app.get("/failures")["trace_id"]).span
    [event] = span.events
    said = attributes(event.attributes)

    assert event.time_unix_nano == EVENT_TIME
    assert (said["exception.type"], said["exception.message"]) == ("LookupError", "no such tariff")
    assert "LookupError: no such tariff" in said["exception.stacktrace"]
    assert said["shop.attempt"] == 2
    assert span.status.message == "tariff missing"
