# SPDX-License-Identifier: Apache-2.0
"""Attributes of unusual types on the span of a request: the span keeps the valid ones, and nothing else is affected."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry import trace

from app import telemetry
from app.domain.events import DomainEvent
from app.telemetry import instruments, safety
from app.telemetry.log_sinks import OncePerMinute
from app.telemetry.signals import Line, Signals
from tests.telemetry.conftest import Lines, Observed

CANARY = "canary-4111-1111"
CACHED, UNIQUE = "loan.idempotency.outcome", "loan.id"  # the encoder goes another way for either


class Unspeakable:
    """A value whose conversion raises."""

    def __str__(self) -> str:
        raise RuntimeError(CANARY)

    __repr__ = __str__


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)
# A value, and what leaves with the span; nothing where OTLP can't have it.
STRANGE = [
    ({"a": {"b": 1}}, {"a": {"b": 1}}),
    (["a", "b"], ("a", "b")),
    (2**63 - 1, 2**63 - 1),
    (2**63, None),
    (-(2**63), -(2**63)),
    (-(2**63) - 1, None),
    (True, True),
    (float("inf"), float("inf")),
    ("\ud800", None),
    ("\x00", "\x00"),
    (b"\xff", b"\xff"),
]


@pytest.fixture(autouse=True)
def silent_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "_failure_limits", defaultdict(OncePerMinute))


def tell(observed: Observed, value: object) -> None:
    """Let a view set a value three times."""

    @observed.app.get("/strange")
    def strange() -> str:
        span = trace.get_current_span()
        span.set_attribute(CACHED, value)  # type: ignore[arg-type]  # the point
        span.set_attribute(UNIQUE, value)  # type: ignore[arg-type]
        return "strange"

    assert [observed.client.get("/strange").text for _ in range(3)] == ["strange"] * 3


@pytest.mark.parametrize(("value", "told"), STRANGE, ids=lambda value: repr(value)[:20].replace("\x00", "NUL"))
def test_a_strange_value_is_kept_as_far_as_possible(
    observed: Observed, value: object, told: object, lines: Lines
) -> None:
    tell(observed, value)

    spans = observed.spans.get_finished_spans()
    events = Counter(line["event"] for line in lines())
    assert [(span.attributes.get(CACHED), span.attributes.get(UNIQUE)) for span in spans] == [(told, told)] * 3
    assert events["http_request"] == 3
    assert events["telemetry_export_failing"] == (told is None)  # once a minute


def test_not_a_number_is_written_as_such(observed: Observed) -> None:
    tell(observed, float("nan"))

    [text] = {repr(span.attributes[CACHED]) for span in observed.spans.get_finished_spans()}
    assert text == "nan"


def test_an_object_leaves_without_a_value(observed: Observed) -> None:
    tell(observed, object())

    assert [span.attributes[UNIQUE] for span in observed.spans.get_finished_spans()] == [None] * 3


UNTELLABLE = {"endless": 10**5000, "unspeakable": Unspeakable(), "circle": CIRCLE}


def test_a_value_that_cannot_be_encoded_costs_no_span(observed: Observed, lines: Lines) -> None:
    tell(observed, UNTELLABLE["endless"])  # the SDK raises for the others, to the view that sets them

    spans, written = observed.spans.get_finished_spans(), lines()
    events = [line["event"] for line in written]
    assert [span.name for span in spans] == ["GET /strange"] * 3
    assert events.count("http_request") == 3
    assert len(events) <= 4  # what can't be encoded is logged once
    assert CANARY not in str(written)
    assert sum(point.count for point in observed.points("http.server.request.duration")) == 3


@pytest.mark.parametrize("name", UNTELLABLE)
def test_an_event_with_such_a_value_costs_no_request(
    observed: Observed, name: str, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals = Signals(span={UNIQUE: UNTELLABLE[name]}, line=Line("loan_approved"))  # type: ignore[dict-item]  # the point
    monkeypatch.setattr(instruments, "signals_of", lambda _event: signals)

    @observed.app.get("/event")
    def event() -> str:
        telemetry.record(DomainEvent())
        return "recorded"

    assert [observed.client.get("/event").text for _ in range(3)] == ["recorded"] * 3
    written = lines()
    assert [line["event"] for line in written].count("loan_approved") == 3
    assert [line["event"] for line in written].count("telemetry_failed") <= 1
    assert [span.name for span in observed.spans.get_finished_spans()] == ["GET /event"] * 3


class Refusing(trace.NonRecordingSpan):
    """A span of another library, which accepts no attribute."""

    def set_attributes(self, attributes: Mapping[str, object]) -> None:
        raise ValueError(f"{CANARY}: {attributes}")


def test_an_event_within_a_span_that_refuses_it_is_logged_all_the_same(
    observed: Observed, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instruments, "signals_of", lambda _event: Signals(span={}, line=Line("loan_approved")))

    @observed.app.get("/event")
    def event() -> str:
        with trace.use_span(Refusing(trace.get_current_span().get_span_context())):
            telemetry.record(DomainEvent())
        return "recorded"

    assert observed.client.get("/event").text == "recorded"
    written = lines()
    assert [line["event"] for line in written] == ["telemetry_failed", "loan_approved", "http_request"]
    assert written[0]["doing"] == "noting_an_event"


def test_the_span_after_one_that_cannot_be_encoded_is_whole(observed: Observed) -> None:
    tell(observed, 10**5000)

    observed.client.get("/loans/7")

    span = observed.span("GET /loans/<int:number>")
    assert (span.attributes["url.path"], span.attributes["http.route"]) == ("/loans/7", "/loans/<int:number>")


def test_a_view_that_speaks_to_its_span_as_the_api_allows_is_answered(observed: Observed, lines: Lines) -> None:
    @observed.app.get("/talks")
    def talks() -> str:
        span = trace.get_current_span()
        span.add_event("said", {"words": CANARY})
        span.set_attributes({"words": CANARY})
        span.set_status(trace.Status(trace.StatusCode.ERROR, CANARY))
        span.update_name("GET /talks" if span.is_recording() else "without a listener")
        return "talked"

    assert observed.client.get("/talks").text == "talked"
    assert [(line["event"], line.get("attribute")) for line in lines()] == [
        ("http_request", None),
        ("span_attribute_dropped", "words"),
    ]
    assert [event.name for event in observed.span("GET /talks").events] == ["said"]
    assert observed.span("GET /talks").status is trace.StatusCode.ERROR
    assert CANARY not in observed.span("GET /talks").text
