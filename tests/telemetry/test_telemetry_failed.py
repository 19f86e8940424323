# SPDX-License-Identifier: Apache-2.0
"""A failure of telemetry is logged once a minute, without the exception's message, and fails no request."""

from collections import defaultdict

import pytest

from app.telemetry import safety
from app.telemetry.log_sinks import OncePerMinute
from app.telemetry.safety import suppress_and_log
from tests.telemetry.conftest import Lines, Observed

CANARY = "canary-4111-1111"


@pytest.fixture(autouse=True)
def silent_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "_failure_limits", defaultdict(OncePerMinute))


def fail(doing: str) -> None:
    with suppress_and_log(doing):
        raise RuntimeError(CANARY)


@pytest.mark.usefixtures("observed")
def test_a_failure_is_reported_once_per_part_and_never_raised(lines: Lines) -> None:
    for doing in ("observing", "observing", "ending_a_statement"):
        fail(doing)

    told = lines()
    assert [(line["event"], line["level"], line["doing"]) for line in told] == [
        ("telemetry_failed", "ERROR", "observing"),
        ("telemetry_failed", "ERROR", "ending_a_statement"),
    ]
    assert {line["exception.type"] for line in told} == {"RuntimeError"}
    assert all("in fail" in line["exception.stacktrace"] for line in told)
    assert CANARY not in str(told)


def test_a_request_whose_line_cannot_be_written_is_answered(
    observed: Observed, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("app.telemetry.request_line.write_line", broken)

    answer = observed.client.get("/loans/7")

    assert answer.status_code == 200
    assert [line["doing"] for line in lines() if line["event"] == "telemetry_failed"] == ["logging_a_request"]
