# SPDX-License-Identifier: Apache-2.0
"""A failure of each part of telemetry: answer and other signals stay, and it is logged once a minute."""

import errno
import json
import logging
import sys
from collections import Counter, defaultdict
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from app import telemetry
from app.domain.events import LoanApplicationSubmitted
from app.domain.money import Currency
from app.telemetry import safety
from app.telemetry.log_sinks import OncePerMinute
from tests.telemetry.conftest import Lines, Observed

CANARY = "canary-4111-1111"
EVENT = LoanApplicationSubmitted(UUID(int=7), Currency.EUR)
TIMES = 3
WHOLE = {"http_request", "business line", "application", "span", "measurement"}


def broken(*_arguments: object, **_more: object) -> Any:  # noqa: ANN401  # it gives nothing back
    raise RuntimeError(CANARY)


@pytest.fixture(autouse=True)
def silent_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "_failure_limits", defaultdict(OncePerMinute))


@pytest.fixture
def busy(observed: Observed) -> Observed:
    """Serve a request that leaves every kind of signal."""

    @observed.app.post("/apply")
    def apply() -> dict[str, bool]:
        telemetry.record(EVENT)
        return {"applied": True}

    return observed


class Failure(NamedTuple):
    """What fails, under which name it is logged, and which signals are lost by it."""

    part: str
    doing: str
    lost: set[str]


FAILURES = [
    Failure("app.telemetry.request_line.write_line", "logging_a_request", {"http_request"}),
    Failure("opentelemetry.sdk.metrics.Counter.add", "measuring", {"application"}),
    Failure("app.telemetry.requests_seen.Observation", "observing", set()),
    Failure("app.telemetry.instruments.signals_of", "describing_an_event", {"business line", "application"}),
    Failure("app.telemetry.instruments.write_line", "telling_an_event", {"business line"}),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.part.removeprefix("app.telemetry."))
def test_a_part_that_fails_costs_its_own_signal(
    busy: Observed, failure: Failure, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(failure.part, broken)
        answers = [(answer.status_code, answer.json) for answer in apply(busy)]
        points = busy.points("http.server.request.duration"), busy.points("loan.applications")

    written = lines()
    assert answers == [(200, {"applied": True})] * TIMES
    assert operations_logged(written) == [failure.doing]
    assert CANARY not in str(written)
    assert signals_of(busy, written, *points) == dict.fromkeys(WHOLE - failure.lost, TIMES)


def test_nothing_is_reported_and_nothing_lost_while_nothing_fails(busy: Observed, lines: Lines) -> None:
    apply(busy)

    written = lines()
    points = busy.points("http.server.request.duration"), busy.points("loan.applications")
    assert operations_logged(written) == []
    assert signals_of(busy, written, *points) == dict.fromkeys(WHOLE, TIMES)


def apply(busy: Observed) -> list[Any]:
    return [busy.client.post("/apply") for _ in range(TIMES)]


def operations_logged(written: list[dict[str, Any]]) -> list[str]:
    return [line["doing"] for line in written if line["event"] == "telemetry_failed"]


def signals_of(
    busy: Observed, written: list[dict[str, Any]], durations: list[Any], applications: list[Any]
) -> dict[str, int]:
    """Count the signals that came, by kind."""
    events = Counter(line["event"] for line in written)
    counts = {
        "http_request": events["http_request"],
        "business line": events["loan_application_submitted"],
        "application": int(sum(point.value for point in applications)),
        "span": len(busy.spans.get_finished_spans()),
        "measurement": sum(point.count for point in durations),
    }
    return {kind: count for kind, count in counts.items() if count}


def test_a_queue_that_takes_nothing_costs_only_the_spans(
    busy: Observed, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busy.spans, "requests", None)  # what the pipeline puts spans into

    answers = apply(busy)

    written = lines()
    events = Counter(line["event"] for line in written)
    assert [answer.status_code for answer in answers] == [200] * TIMES
    assert (events["http_request"], events["loan_application_submitted"]) == (3, 3)
    assert events["telemetry_failed"] + events["log_message"] > 0  # logged by the caller of put()
    assert sum(point.count for point in busy.points("http.server.request.duration")) == TIMES


def test_a_measurement_that_fails_costs_the_measurement(
    busy: Observed, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("opentelemetry.sdk.metrics.Histogram.record", broken)
        answers = [(answer.status_code, answer.json) for answer in apply(busy)]

    written = lines()
    points = busy.points("http.server.request.duration"), busy.points("loan.applications")
    assert answers == [(200, {"applied": True})] * TIMES
    assert operations_logged(written) in (["observing_a_request"], ["measuring"])  # in each pipeline, where it happens
    assert signals_of(busy, written, *points) == dict.fromkeys(WHOLE - {"measurement"}, TIMES)


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"it": {("a", "tuple"): 1}}, "unwritable dict"),
        ({"it": float("nan")}, "unwritable float"),
        ({"it": [float("inf")]}, "unwritable list"),
    ],
)
def test_a_field_that_is_no_json_costs_itself_and_not_its_line(
    busy: Observed, lines: Lines, extra: dict[str, Any], field: str
) -> None:
    for _ in range(TIMES):
        logging.getLogger("app.some.module").info("something_odd", extra={"number": 7} | extra)

    written = lines()
    odd = [line for line in written if line["event"] == "something_odd"]
    assert operations_logged(written) == ["formatting_a_line"]
    assert [(line["number"], line["it"]) for line in odd] == [(7, field)] * TIMES
    assert busy.client.get("/loans/7").status_code == 200


def test_a_circle_is_no_json_either(observed: Observed, lines: Lines) -> None:
    circle: list[Any] = []
    circle.append(circle)

    @observed.app.get("/circle")
    def odd() -> str:
        logging.getLogger("app.some.module").info("something_odd", extra={"it": circle})
        return "odd"

    assert observed.client.get("/circle").text == "odd"
    assert [line["it"] for line in lines() if line["event"] == "something_odd"] == ["unwritable list"]


@pytest.mark.parametrize("part", ["JsonLines.add_fields", "JsonLines.format", "redaction.stacktrace"])
def test_a_formatter_that_fails_is_reported_by_its_sink(
    observed: Observed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(f"app.telemetry.logging.{part}", broken)

    answers = [observed.client.get("/boom").status_code for _ in range(TIMES)]

    out, err = capsys.readouterr()
    assert answers == [500] * TIMES
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["http_request"] * TIMES
    assert [json.loads(line) for line in err.splitlines()] == [
        {"event": "log_sink_failed", "sink": "stdout", "error.type": "RuntimeError"}
    ]
    assert len(observed.spans.get_finished_spans()) == TIMES


def test_a_stdout_without_room_is_reported_once_and_costs_only_its_lines(
    busy: Observed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(sys.stdout, "write", full)
        answers = apply(busy)

    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [answer.status_code for answer in answers] == [200] * TIMES
    assert told == [{"event": "log_sink_failed", "sink": "stdout", "error.type": "ENOSPC"}]
    assert len(busy.spans.get_finished_spans()) == TIMES
