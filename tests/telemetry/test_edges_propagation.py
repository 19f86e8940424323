# SPDX-License-Identifier: Apache-2.0
"""Invalid trace headers at most start a new trace, and their content is in no signal."""

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from opentelemetry import propagate
from opentelemetry.propagators.composite import CompositePropagator

from app import telemetry
from app.factory import set_up_telemetry
from app.settings import Settings
from app.telemetry.logging import QUIET
from tests.telemetry.conftest import Lines, Observed, add_routes
from tests.telemetry.edges import TRACE

CANARY = "canary 4111 1111"
ITS_TRACE = "a" * 32
BROKEN_PARENTS = [
    CANARY,
    "",
    TRACE.upper(),
    f"{TRACE}-{CANARY}",
    f"ff{TRACE[2:]}",
    f"00-{'0' * 32}-{'b' * 16}-01",
    f"00-{'a' * 32}-{'0' * 16}-01",
    f"00-{'٣' * 32}-{'b' * 16}-01".encode().decode("latin-1"),
    "x" * 7000,
]
BROKEN_STATES = [
    CANARY,
    f"a={CANARY},a={CANARY}",
    ",".join(f"k{number}=v" for number in range(40)),
    "x" * 600,
    "é=1",
    "=",
    ",,,",
]
BROKEN_BAGGAGE = [CANARY, f"{CANARY}=;;=,", "a=" + "b" * 5000, "%ff=%ff", "=,=", "x" * 9000]


@pytest.mark.parametrize("parent", BROKEN_PARENTS, ids=lambda parent: ascii(parent)[:30])
def test_a_broken_parent_begins_a_trace_of_ones_own(observed: Observed, parent: str, lines: Lines) -> None:
    answer = observed.client.get("/loans/7", headers={"traceparent": parent, "tracestate": "a=b"})

    [span] = observed.spans.get_finished_spans()
    assert answer.status_code == 200
    assert (span.parent, span.trace_state) == (None, "")
    assert f"{span.context.trace_id:032x}" == answer.get_json()["trace_id"] != ITS_TRACE
    assert [line["event"] for line in lines()] == ["http_request"]


@pytest.mark.parametrize("state", BROKEN_STATES, ids=lambda state: ascii(state)[:30])
def test_a_broken_state_is_left_out_and_the_trace_goes_on(observed: Observed, state: str, lines: Lines) -> None:
    answer = observed.client.get("/loans/7", headers={"traceparent": TRACE, "tracestate": state})

    [span], written = observed.spans.get_finished_spans(), lines()
    assert answer.get_json()["trace_id"] == ITS_TRACE
    assert span.trace_state == ""
    assert [line["event"] for line in written] == ["http_request"]
    assert CANARY not in f"{written}{span.text}"


@pytest.mark.parametrize("baggage", BROKEN_BAGGAGE, ids=lambda baggage: ascii(baggage)[:30])
def test_broken_baggage_is_not_spoken_of(observed: Observed, baggage: str, lines: Lines) -> None:
    answer = observed.client.get("/loans/7", headers={"traceparent": TRACE, "baggage": baggage})

    [span], written = observed.spans.get_finished_spans(), lines()
    assert answer.get_json()["trace_id"] == ITS_TRACE
    assert [line["event"] for line in written] == ["http_request"]
    assert CANARY not in f"{written}{span.text}"


def test_the_libraries_do_quote_what_they_cannot_read(
    observed: Observed, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in QUIET:
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)
        logging.getLogger(name).manager._clear_cache()  # type: ignore[attr-defined]  # noqa: SLF001  # as setLevel does

    observed.client.get("/loans/7", headers={"traceparent": TRACE, "tracestate": CANARY, "baggage": CANARY})

    quoting = {line["logger"] for line in lines() if CANARY in str(line)}
    assert "opentelemetry.trace.span" in quoting
    assert "opentelemetry.baggage.propagation" in quoting


@pytest.fixture
def no_propagators() -> Iterator[None]:
    """Propagate as the API does by OTEL_PROPAGATORS=none, which it reads when it is imported."""
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(CompositePropagator([]))
    yield
    propagate.set_global_textmap(before)


@pytest.mark.usefixtures("no_propagators")
def test_without_propagators_a_request_is_observed_and_begins_a_trace(
    settings: Settings,
    clean_process: None,  # noqa: ARG001
    lines: Lines,
) -> None:
    seen = Observed(Flask("loans"))
    set_up_telemetry(seen.app, settings, telemetry.Pipeline(seen.spans.take, [seen.reader]))
    add_routes(seen.app)

    answer = seen.client.get("/loans/7", headers={"traceparent": TRACE})

    span = seen.span("GET /loans/<int:number>")
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    assert (span.parent, span.attributes["http.response.status_code"], carrier) == (None, 200, {})
    assert answer.get_json()["trace_id"] == f"{span.context.trace_id:032x}" != ITS_TRACE
    assert [line["event"] for line in lines()] == ["http_request"]
