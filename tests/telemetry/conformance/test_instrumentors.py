# SPDX-License-Identifier: Apache-2.0
"""A second instrumentor works as documented, and dropped attributes of allowlisted scopes are named in the log."""

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stack.polling import poll
from tests.telemetry.conformance.conftest import Running

REQUESTS = "opentelemetry.instrumentation.requests"


def test_a_second_instrumentors_span_arrives_whole(app: Running) -> None:
    said = app.get("/calls")
    trace_id = said["trace_id"]

    request = app.sink.wait_for_span("GET /calls", trace_id).span
    called = app.sink.wait_for_span("GET /current", trace_id).span
    received = app.sink.wait_for_span("GET", trace_id)

    assert (received.scope.name, received.span.kind) == (REQUESTS, Span.SPAN_KIND_CLIENT)
    assert received.span.parent_span_id == request.span_id
    assert called.parent_span_id == received.span.span_id
    assert said["called"]["trace_id"] == trace_id
    # Whole but for two that the conventions also record of people: network.peer.address and user_agent.original.
    assert received.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.full": f"{app.server.base}/current",
        "server.address": "127.0.0.1",
        "server.port": app.server.port,
        "network.protocol.version": "1.1",
        "network.peer.port": app.server.port,
    }


def test_a_second_instrumentors_metric_arrives(app: Running) -> None:
    app.get("/calls")

    received = app.sink.wait_for_metric("http.client.request.duration")

    assert (received.scope.name, received.metric.unit) == (REQUESTS, "s")


def test_an_attribute_that_is_dropped_on_purpose_is_named_once(app: Running) -> None:
    names = ["shop.unlisted.first", "shop.unlisted.second"]
    trace_ids = [app.get(f"/unlisted?name={name}&value=canary")["trace_id"] for name in names * 3]
    spans = [app.sink.wait_for_span("GET /unlisted", trace_id) for trace_id in trace_ids]

    assert not [span for span in spans if "shop.unlisted" in str(span.span) or "canary" in str(span.span)]
    poll(lambda: all(lines_that_name(app, name) for name in names), 10, "a log line for each name")
    assert [len(lines_that_name(app, name)) for name in names] == [1, 1]
    assert "canary" not in str([lines_that_name(app, name) for name in names])


def lines_that_name(app: Running, name: str) -> list[dict[str, object]]:
    """Return the log lines about an attribute, other than the requests' own."""
    return [line for line in app.server.lines() if line["event"] != "http_request" and name in str(line)]
