# SPDX-License-Identifier: Apache-2.0
"""Many requests at once, one after the other on the same thread, and one within another: each keeps its own signals."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask, Response, request, stream_with_context
from opentelemetry import trace
from opentelemetry.context import attach, get_current

from app import telemetry
from tests.telemetry.conftest import Lines, Observed

THREADS = 12
REQUESTS = 1200


@pytest.fixture
def busy(observed: Observed) -> Observed:
    """Serve requests that meet in the middle, so that as many as there are threads are under way at once."""
    together = threading.Barrier(THREADS)

    @observed.app.get("/meet/<number>")
    def meet(number: str) -> dict[str, Any]:
        before = telemetry.current_trace_id()
        trace.get_current_span().set_attribute("loan.id", number)
        together.wait(10)
        return {"number": number, "before": before, "after": telemetry.current_trace_id()}

    return observed


def answer_of(busy: Observed, number: int) -> dict[str, Any]:
    """Send requests, every other one with its own trace, and record the context that each leaves on the thread."""
    sent = f"{number + 1:032x}"
    headers = {"traceparent": f"00-{sent}-{'b' * 16}-01"} if number % 2 else {}
    answer: dict[str, Any] = busy.client.get(f"/meet/{number}", headers=headers).get_json()
    return answer | {"sent": sent if number % 2 else None, "left": dict(get_current())}


def test_requests_at_once_keep_their_ids_and_attributes_to_themselves(busy: Observed, lines: Lines) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(lambda number: answer_of(busy, number), range(REQUESTS)))

    by_number = {answer["number"]: answer["after"] for answer in answers}
    spans = busy.spans.get_finished_spans()
    written = [line for line in lines() if line["event"] == "http_request"]
    assert [answer for answer in answers if answer["before"] != answer["after"] or answer["left"]] == []
    assert [answer for answer in answers if answer["sent"] not in {None, answer["after"]}] == []
    assert len(set(by_number.values())) == len(spans) == len(written) == REQUESTS
    assert {span.attributes["loan.id"]: f"{span.context.trace_id:032x}" for span in spans} == by_number
    assert {span.attributes["url.path"] for span in spans} == {f"/meet/{number}" for number in by_number}
    assert {line["url.path"].rpartition("/")[2]: line["trace_id"] for line in written} == by_number
    assert {line["span_id"] for line in written} == {f"{span.context.span_id:016x}" for span in spans}
    assert [span for span in spans if bool(span.parent) != (int(span.attributes["loan.id"]) % 2 == 1)] == []


def test_an_exemplar_names_a_span_of_its_own_series(busy: Observed) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        list(
            threads.map(lambda number: busy.client.get(f"/no/{number}") and answer_of(busy, number), range(THREADS * 9))
        )

    spans = {span.context.span_id: span for span in busy.spans.get_finished_spans()}
    points = busy.points("http.server.request.duration")
    assert Counter(point.count for point in points) == Counter([THREADS * 9] * 2)
    for point in points:
        for exemplar in point.exemplars:
            span = spans[exemplar.span_id]
            assert span.context.trace_id == exemplar.trace_id
            assert span.attributes.get("http.route") == point.attributes.get("http.route")


def left_by(app: Flask) -> dict[str, Any]:
    """Return what is left on a thread by a request whose view attaches a context and does not detach it."""

    @app.get("/forgets")
    def forgets() -> str:
        attach(trace.set_span_in_context(trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=True))))
        return "forgotten"

    def ask() -> dict[str, Any]:
        assert app.test_client().get("/forgets").text == "forgotten"
        return dict(get_current())

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(ask).result()


def test_what_a_view_forgets_to_detach_is_taken_off_with_its_request(observed: Observed) -> None:
    assert left_by(observed.app) == {}
    assert left_by(Flask("bare")) != {}


@pytest.mark.parametrize("path", ["/boom", "/stream", "/half", "/no/such/path", "/livez"])
def test_the_next_request_on_a_thread_begins_afresh(observed: Observed, path: str) -> None:
    def chunks() -> Iterator[str]:
        yield from ("one", "two", request.path)

    observed.app.add_url_rule("/stream", "stream", lambda: Response(stream_with_context(chunks())))
    observed.app.add_url_rule("/half", "half", lambda: Response(chunks()))  # its third chunk finds no request

    def both() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        try:
            observed.client.get(path, buffered=True)
        except RuntimeError:
            assert path == "/half"
        left = dict(get_current())
        return left, observed.client.get("/loans/7").get_json(), dict(get_current())

    with ThreadPoolExecutor(1) as thread:
        before, answer, after = thread.submit(both).result()

    span = observed.span("GET /loans/<int:number>")
    assert before == after == {}
    assert span.parent is None
    assert answer["trace_id"] == f"{span.context.trace_id:032x}"
    assert answer["trace_id"] not in {
        f"{each.context.trace_id:032x}" for each in observed.spans.get_finished_spans()[:-1]
    }


def test_a_request_within_a_request_has_its_own_signals_and_gives_the_outer_back(
    observed: Observed, lines: Lines
) -> None:
    @observed.app.get("/outer")
    def outer() -> list[str | None]:
        before = telemetry.current_trace_id()
        inner = observed.client.get("/loans/7").get_json()["trace_id"]
        return [before, inner, telemetry.current_trace_id()]

    before, _, after = observed.client.get("/outer").get_json()

    inner_span, outer_span = observed.span("GET /loans/<int:number>"), observed.span("GET /outer")
    first, second = (line for line in lines() if line["event"] == "http_request")
    assert before == after == f"{outer_span.context.trace_id:032x}"
    assert (first["span_id"], second["span_id"]) == tuple(
        f"{span.context.span_id:016x}" for span in (inner_span, outer_span)
    )
    assert sorted(point.attributes["http.route"] for point in observed.points("http.server.request.duration")) == [
        "/loans/<int:number>",
        "/outer",
    ]
    assert dict(get_current()) == {}
