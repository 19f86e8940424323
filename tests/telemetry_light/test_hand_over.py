# SPDX-License-Identifier: Apache-2.0
"""A request's span that the light encoder does not support is exported by the SDK."""

from collections.abc import Callable

import pytest
from flask import Flask
from opentelemetry import trace
from opentelemetry.trace import Span, SpanContext, Status, StatusCode, TraceFlags

from app.settings import Settings, TelemetryPipeline
from tests.telemetry.conftest import Lines, Observed, add_routes, clean_process, lines, observed, settings

__all__ = ["clean_process", "lines", "observed", "settings"]
pytestmark = pytest.mark.parametrize("settings", [TelemetryPipeline.LIGHT], indirect=True)
OTHER = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1))

Change = Callable[[Span], object]


def request_with(seen: Observed, change: Change) -> None:
    """Let a view change its span."""

    @seen.app.get("/changed")
    def view() -> str:
        change(trace.get_current_span())
        return "changed"

    assert seen.client.get("/changed").text == "changed"


def test_events_links_and_names_arrive(observed: Observed) -> None:
    def change(span: Span) -> None:
        span.add_event("later", timestamp=2)
        span.add_event("sooner", {"loan.id": "7"}, timestamp=1)
        span.add_link(OTHER)
        span.record_exception(ValueError("canary"))
        span.record_exception(ValueError("canary"), {"more": "canary"})
        span.update_name("GET another")
        span.set_status(Status(StatusCode.OK))
        span.set_status(StatusCode.ERROR)  # OK is final
        span.end()  # the layer ends it

    request_with(observed, change)

    span = observed.span("GET another")
    assert [event.name for event in span.events] == ["sooner", "later", "exception", "exception"]
    assert span.attributes["http.route"] == "/changed"
    assert span.status is StatusCode.OK
    assert "canary" not in span.text


def test_an_unlisted_attribute_is_left_out_and_its_name_logged(observed: Observed, lines: Lines) -> None:
    request_with(observed, lambda span: span.set_attribute("my.attribute", "canary"))

    assert "canary" not in observed.span("GET /changed").text
    assert [line["attribute"] for line in lines() if line["event"] == "span_attribute_dropped"] == ["my.attribute"]


def test_after_its_end_a_span_records_nothing(observed: Observed) -> None:
    kept: list[Span] = []
    request_with(observed, kept.append)

    [span] = kept
    span.set_attribute("loan.id", "7")
    span.set_attributes({"loan.id": "7"})
    span.add_event("late")
    span.add_link(OTHER)
    span.update_name("late")
    span.set_status(StatusCode.ERROR)
    span.record_exception(ValueError())

    assert not span.is_recording()
    assert "loan.id" not in observed.span("GET /changed").attributes


@pytest.mark.usefixtures("clean_process")
@pytest.mark.parametrize(("ratio", "spans"), [("0", 0), ("1", 1)])
def test_the_sampler_is_asked(settings: Settings, monkeypatch: pytest.MonkeyPatch, ratio: str, spans: int) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", ratio)
    from app import telemetry  # noqa: PLC0415  # after the environment
    from app.factory import set_up_telemetry  # noqa: PLC0415

    seen = Observed(Flask("loans"))
    set_up_telemetry(seen.app, settings, telemetry.Pipeline(seen.spans.take, [seen.reader]))
    add_routes(seen.app)

    answer = seen.client.get("/loans/7")

    assert answer.headers["traceresponse"].endswith("-03" if spans else "-02")
    assert len(seen.names()) == spans
    assert [point.count for point in seen.points("http.server.request.duration")] == [1]
