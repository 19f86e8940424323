# SPDX-License-Identifier: Apache-2.0
"""OTEL_PROPAGATORS chooses how context crosses processes: b3, none, or a refusal in one line."""

from pathlib import Path

import pytest

from tests.telemetry.conformance.conftest import running
from tests.telemetry.conformance.refusal import refusal

TRACE, PARENT = "a" * 32, "b" * 16
W3C = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
B3 = {
    "b3": {"b3": f"{TRACE}-{PARENT}-1"},
    "b3multi": {"X-B3-TraceId": TRACE, "X-B3-SpanId": PARENT, "X-B3-Sampled": "1"},
}


@pytest.mark.parametrize("name", B3)
def test_b3_is_read_and_written(tmp_path: Path, pipeline: str, name: str) -> None:
    with running(tmp_path, pipeline, OTEL_PROPAGATORS=name) as app:
        said = app.get("/current", **B3[name])
        span = app.sink.wait_for_span("GET /current", TRACE).span
        ignored = app.get("/current", **W3C)

    assert span.parent_span_id.hex() == PARENT
    carried = {key.lower(): value for key, value in said["carrier"].items()}
    assert carried.keys() == {key.lower() for key in B3[name]}
    assert TRACE in str(carried)
    assert said["span_id"] in str(carried)
    assert ignored["trace_id"] != TRACE


def test_without_propagators_a_request_keeps_span_ids_and_status_code(tmp_path: Path, pipeline: str) -> None:
    with running(tmp_path, pipeline, OTEL_PROPAGATORS="none") as app:
        said = app.get("/current", **W3C, baggage="shop.tenant=7")
        received = app.sink.wait_for_span("GET /current")
        [line] = [line for line in app.server.lines() if line.get("http.route") == "/current"]
        events = {line["event"] for line in app.server.lines()}

    assert (said["carrier"], said["baggage"], said["recording"]) == ({}, {}, True)
    assert said["trace_id"] == received.span.trace_id.hex() != TRACE
    assert received.attributes["http.response.status_code"] == 200
    assert (line["trace_id"], line["span_id"]) == (said["trace_id"], said["span_id"])
    assert line["http.response.status_code"] == 200
    assert "telemetry_failed" not in events


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "jaeger",
            "OTEL_PROPAGATORS: the package opentelemetry-propagator-jaeger is expected for jaeger",
        ),
        ("tracecontext,nosuch", "OTEL_PROPAGATORS: an unknown propagator"),
    ],
)
def test_a_propagator_that_is_not_installed_is_refused_in_one_line(
    tmp_path: Path, pipeline: str, value: str, message: str
) -> None:
    assert refusal(tmp_path, pipeline, OTEL_PROPAGATORS=value).startswith(message)
