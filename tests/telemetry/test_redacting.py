# SPDX-License-Identifier: Apache-2.0
"""What leaves with a span, by the instrumentation scope that made it."""

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags

from app.telemetry.delivery.redacting import HTTP_SCOPE
from app.telemetry.delivery.texts import without_query
from tests.telemetry.conftest import Lines, Observed

CANARY = "canary@example.org"
ROW = f"psycopg2.errors.UniqueViolation: Key (email)=({CANARY}) already exists."


def test_an_own_span_leaves_whole(observed: Observed) -> None:
    other = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1))
    tracer = trace.get_tracer("app.services.pricing", "1.0")

    with tracer.start_as_current_span("price", kind=SpanKind.PRODUCER, links=[Link(other, {"a": 1})]) as span:
        span.set_attribute("client.address", "mine")
        span.add_event("priced", {"steps": 3})

    [seen] = observed.spans.get_finished_spans()
    assert (seen.name, seen.kind, seen.attributes) == ("price", SpanKind.PRODUCER, {"client.address": "mine"})
    assert [(event.name, event.attributes) for event in seen.events] == [("priced", {"steps": 3})]


@pytest.mark.parametrize("scope", ["app.services.pricing", "another.library"])
def test_no_scope_quotes_a_row(observed: Observed, scope: str) -> None:
    with pytest.raises(ValueError, match="canary"), trace.get_tracer(scope).start_as_current_span("post"):
        raise ValueError(CANARY) from LookupError(ROW)

    [seen] = observed.spans.get_finished_spans()
    assert seen.status is StatusCode.ERROR
    assert [event.attributes for event in seen.events] == [{"exception.type": "ValueError"}]
    assert CANARY not in seen.text


@pytest.mark.parametrize("scope", ["app.services.pricing", "somebody.else"])
def test_no_text_of_the_database_is_exported_that_only_a_message_or_a_status_names(
    observed: Observed, scope: str
) -> None:
    text = f"(psycopg2.errors.UniqueViolation) Key (email)=({CANARY})"
    tracer = trace.get_tracer(scope)
    with (
        pytest.raises(ValueError, match="canary"),
        tracer.start_as_current_span("post", record_exception=False),
    ):
        raise ValueError(text)
    with tracer.start_as_current_span("later") as span:
        said = {"exception.type": "IntegrityError", "exception.message": text, "exception.stacktrace": "Traceback"}
        span.add_event("exception", said)

    assert CANARY not in "".join(span.text for span in observed.spans.get_finished_spans())


def test_an_instrumentors_exception_keeps_its_type_alone(observed: Observed) -> None:
    tracer = trace.get_tracer("opentelemetry.instrumentation.requests")
    with pytest.raises(ConnectionError), tracer.start_as_current_span("GET"):
        raise ConnectionError(f"Max retries exceeded with url: /x?email={CANARY}")

    [seen] = observed.spans.get_finished_spans()
    assert seen.status is StatusCode.ERROR
    assert [event.attributes for event in seen.events] == [{"exception.type": "ConnectionError"}]
    assert CANARY not in seen.text


def test_events_and_links_of_other_scopes_have_no_personal_data(observed: Observed) -> None:
    other = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1))
    said: dict[str, Any] = {"user.email": CANARY, "url.full": f"https://host/?email={CANARY}", "step": 1}
    span = trace.get_tracer("somebody.else").start_span("call", links=[Link(other, said)])
    span.add_event("called", said)
    span.add_event("bare")
    span.end()

    [seen] = observed.spans.get_finished_spans()
    cleaned = {"url.full": "https://host/", "step": 1}
    assert [event.attributes for event in seen.events] == [cleaned, {}]
    assert CANARY not in seen.text


def test_another_instrumentors_spans_have_no_personal_data(observed: Observed) -> None:
    said = {
        "http.request.method": "GET",
        "url.full": f"https://u:{CANARY}@host/loans?email={CANARY}#x",
        "client.address": CANARY,
        "user.email": CANARY,
        "http.request.header.cookie": [CANARY],
        "db.query.text": f"SELECT '{CANARY}'",
    }

    trace.get_tracer("opentelemetry.instrumentation.requests").start_span("GET", attributes=said).end()

    [seen] = observed.spans.get_finished_spans()
    assert seen.attributes == {
        "http.request.method": "GET",
        "url.full": "https://host/loans",
        "db.query.text": "SELECT ?",
    }


def test_an_allowlisted_scope_keeps_listed_attributes_and_logs_the_others(observed: Observed, lines: Lines) -> None:
    other = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1))
    for _ in range(2):
        span = trace.get_tracer(HTTP_SCOPE).start_span("GET", kind=SpanKind.SERVER, links=[Link(other, {"b": CANARY})])
        span.set_attributes({"loan.id": "7", "my.attribute": CANARY, "client.address": CANARY})
        span.add_event("said", {"words": CANARY})
        span.end()

    assert {str(span.attributes) for span in observed.spans.get_finished_spans()} == {"{'loan.id': '7'}"}
    assert CANARY not in "".join(span.text for span in observed.spans.get_finished_spans())
    assert sorted(line["attribute"] for line in lines()) == ["b", "my.attribute", "words"]


def test_a_url_that_cannot_be_read_does_not_leave() -> None:
    assert without_query("http://[half") == ""
