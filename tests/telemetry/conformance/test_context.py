# SPDX-License-Identifier: Apache-2.0
"""Context crosses functions, threads and processes, with baggage and the sampling decision."""

import pytest

from tests.telemetry.conformance.conftest import Running

TRACE = "a" * 32
PARENT = "b" * 16
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{'c' * 32}-{PARENT}-00"
NESTING = {
    "inner": "outer",
    "thread with context": "outer",
    "child by context": "outer",
    "decorated": "outer",
    "in decorated": "decorated",
    "outer": "GET /nesting",
}
ROOTS = ["thread without context", "root by context"]


def test_spans_nest_in_functions_and_threads(app: Running) -> None:
    trace_id = app.get("/nesting")["trace_id"]

    spans = {name: app.sink.wait_for_span(name, trace_id).span for name in {*NESTING, *NESTING.values()}}

    names = {span.span_id: name for name, span in spans.items()}
    assert {name: names.get(span.parent_span_id) for name, span in spans.items() if name in NESTING} == NESTING


@pytest.mark.parametrize("name", ROOTS)
def test_without_a_context_a_span_begins_a_trace(app: Running, name: str) -> None:
    trace_id = app.get("/nesting")["trace_id"]

    span = app.sink.wait_for_span(name).span

    assert span.parent_span_id == b""
    assert span.trace_id.hex() != trace_id


def test_after_a_span_the_requests_own_is_current_again(app: Running) -> None:
    said = app.get("/nesting")

    assert app.sink.wait_for_span("GET /nesting", said["trace_id"]).span.span_id.hex() == said["span_id"]


def test_a_sampled_parent_is_continued(app: Running) -> None:
    said = app.get("/kinds", traceparent=SAMPLED, tracestate="vendor=1")

    request = app.sink.wait_for_span("GET /kinds", TRACE).span
    own = app.sink.wait_for_span("SERVER renamed", TRACE).span

    assert (request.parent_span_id.hex(), said["trace_id"]) == (PARENT, TRACE)
    assert (request.trace_state, own.trace_state) == ("vendor=1", "vendor=1")
    assert (said["sampled"], said["recording"]) == (True, True)
    assert said["carrier"]["traceparent"] == f"00-{TRACE}-{said['span_id']}-01"
    assert said["carrier"]["tracestate"] == "vendor=1"


def test_an_unsampled_parent_stays_unsampled(app: Running) -> None:
    answer = app.server.get("/kinds", traceparent=UNSAMPLED)
    said = answer.json()

    assert (said["trace_id"], said["sampled"], said["recording"]) == ("c" * 32, False, False)
    assert said["carrier"]["traceparent"].startswith(f"00-{'c' * 32}-")
    assert said["carrier"]["traceparent"].endswith("-00")
    assert answer.headers["traceresponse"].endswith("-00")
    app.sink.wait_for_span("SERVER renamed", app.get("/kinds")["trace_id"])  # a later one has arrived
    assert app.sink.spans_of("c" * 32) == []


def test_an_unsampled_requests_log_line_has_its_trace(app: Running) -> None:
    said = app.get("/current", traceparent=f"00-{'d' * 32}-{PARENT}-00")

    [line] = [line for line in app.server.lines() if line.get("trace_id") == "d" * 32]

    assert (line["event"], line["span_id"]) == ("http_request", said["span_id"])


def test_baggage_is_read_and_passed_on(app: Running) -> None:
    said = app.get("/baggage", baggage="shop.tenant=7,shop.note=a%20b")

    assert said["baggage"] == {"shop.tenant": "7", "shop.note": "a b", "shop.cart": "42"}
    assert sorted(said["carrier"]["baggage"].split(",")) == ["shop.cart=42", "shop.note=a+b", "shop.tenant=7"]


def test_a_requests_baggage_ends_with_it(app: Running) -> None:
    app.get("/baggage", baggage="shop.tenant=7")

    assert app.get("/current")["baggage"] == {}
