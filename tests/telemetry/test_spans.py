# SPDX-License-Identifier: Apache-2.0
"""Which request yields which span, and which data the span does not contain."""

import re
import time

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from app.telemetry.delivery.texts import LITERAL
from tests.telemetry.conftest import Observed

CANARY = "canary-4111-1111"


def test_a_request_is_one_server_span_named_by_its_route(observed: Observed) -> None:
    observed.client.get("/loans/7")

    [span] = observed.spans.get_finished_spans()
    assert span.name == "GET /loans/<int:number>"
    assert span.kind is SpanKind.SERVER
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/loans/<int:number>",
        "network.protocol.version": "1.1",
        "url.path": "/loans/7",
        "url.scheme": "http",
    }


def test_the_resource_names_service_environment_and_slot(observed: Observed) -> None:
    observed.client.get("/loans/7")

    resource = observed.spans.get_finished_spans()[0].resource
    assert resource["service.name"] == "loan-service"
    assert resource["service.namespace"] == "lending"
    assert resource["deployment.environment.name"] == "dev"
    assert str(resource["service.instance.id"]).endswith("-w0")


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [("GET", "/no/such/path", "GET"), ("PUT", "/loans/7", "PUT"), ("BREW", "/no/such/path", "HTTP")],
)
def test_an_unmatched_request_is_named_by_its_method_alone(
    observed: Observed, method: str, path: str, name: str
) -> None:
    observed.client.open(path, method=method)

    [span] = observed.spans.get_finished_spans()
    assert span.name == name
    assert "http.route" not in (span.attributes or {})
    assert path not in str(span.attributes)


@pytest.mark.parametrize("probe", ["/livez", "/readyz", "/health", "/metrics", "/livez?verbose=1"])
def test_a_probe_leaves_no_span_and_no_measurement(observed: Observed, probe: str) -> None:
    observed.client.get(probe)

    assert observed.names() == []
    assert observed.points("http.server.request.duration") == []


def test_a_probe_is_no_active_request(observed: Observed) -> None:
    active: list[int] = []

    @observed.app.get("/readyz")
    def readyz() -> str:
        active.extend(point.value for point in observed.points("http.server.active_requests"))
        return "ready"

    observed.client.get("/readyz")

    assert active == [0]


@pytest.mark.parametrize("url", ["/loans/7?x=/livez", "/loans/7?livez", "/loans/7?a=http://h/livez"])
def test_a_request_that_only_mentions_a_probe_is_observed(observed: Observed, url: str) -> None:
    observed.client.get(url)

    assert observed.names() == ["GET /loans/<int:number>"]
    assert len(observed.points("http.server.request.duration")) == 1


def test_a_host_header_that_looks_like_a_probe_hides_nothing(observed: Observed) -> None:
    observed.client.get("/loans/7", headers={"Host": "evil/livez?"})

    assert len(observed.points("http.server.request.duration")) == 1


def test_the_answer_carries_its_trace_id(observed: Observed) -> None:
    answer = observed.client.get("/loans/7")

    match = re.fullmatch(r"00-([0-9a-f]{32})-[0-9a-f]{16}-0[13]", answer.headers["traceresponse"])
    assert match
    assert answer.json == {"number": 7, "trace_id": match[1]}


def test_outside_a_span_there_is_no_trace_id(observed: Observed) -> None:
    answer = observed.client.get("/livez")

    assert answer.json == {"trace_id": None}
    assert "traceresponse" not in answer.headers


def test_a_caller_that_does_not_sample_is_believed_and_answered_so(observed: Observed) -> None:
    answer = observed.client.get("/loans/7", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"})

    assert observed.names() == []
    assert answer.get_json()["trace_id"] == "a" * 32
    assert answer.headers["traceresponse"].endswith("-00")
    assert [point.count for point in observed.points("http.server.request.duration")] == [1]


def test_what_a_client_sends_does_not_leave_with_the_span(observed: Observed) -> None:
    headers = {"User-Agent": CANARY, "Host": f"{CANARY}.example", "X-Forwarded-For": CANARY, "Cookie": CANARY}

    observed.client.get(f"/loans/7?ssn={CANARY}", headers=headers, environ_base={"REMOTE_ADDR": CANARY})
    observed.client.get(f"/{CANARY}")

    spans = observed.spans.get_finished_spans()
    assert len(spans) == 2
    assert CANARY not in "".join(span.text for span in spans)


def test_an_exception_marks_the_span_by_type_and_not_by_words(observed: Observed) -> None:
    answer = observed.client.get("/boom")

    span = observed.span("GET /boom")
    assert answer.status_code == 500
    assert span.status is StatusCode.ERROR
    assert [event.attributes for event in span.events] == [{"exception.type": "RuntimeError"}]
    assert CANARY not in span.text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("SELECT 'it''s', 12.5, a1, t_2 FROM b3 WHERE x = %(x_1)s", "SELECT ?, ?, a1, t_2 FROM b3 WHERE x = %(x_1)s"),
        ("SELECT $1 LIMIT 20", "SELECT $? LIMIT ?"),
    ],
)
def test_literals_leave_a_statement(text: str, cleaned: str) -> None:
    assert LITERAL.sub("?", text) == cleaned


def test_an_own_span_joins_the_trace_and_keeps_its_own_duration(observed: Observed) -> None:
    @observed.app.get("/nested")
    def nested() -> str:
        time.sleep(0.02)
        with trace.get_tracer("app.pricing").start_as_current_span("inner") as inner:
            inner.set_attribute("my.attribute", "kept")
        return "nested"

    observed.client.get("/nested")

    inner, request = observed.span("inner"), observed.span("GET /nested")
    assert inner.parent is not None
    assert inner.parent.span_id == request.context.span_id
    # The request lasts longer by its sleep, however long either was kept waiting.
    assert inner.end_time - inner.start_time + 20_000_000 <= request.end_time - request.start_time
    assert inner.attributes == {"my.attribute": "kept"}
