# SPDX-License-Identifier: Apache-2.0
"""A collector that is gone, or accepts and never answers, costs no request and no more than 5 s at the stop."""

import socket
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
import requests

from stack.ports import HOST, free_port
from tests.telemetry.server import Server, serving

STOP_SECONDS = 5.0


@pytest.fixture
def hanging_collector() -> Iterator[str]:
    """Accept connections by the kernel's backlog, and never read them."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen(128)
        yield f"http://{HOST}:{listener.getsockname()[1]}"


def observe(server: Server) -> tuple[list[float], float]:
    """Send enough spans for several batches, keep an idle connection open, then stop."""
    durations = server.send(600)
    with requests.Session() as idle:
        idle.get(server.base + "/tasks/1", timeout=10)
        return durations, server.stop()


def check(durations: list[float], stop_seconds: float, server: Server) -> None:
    complaints = [line for line in server.lines() if line["event"] == "telemetry_export_failing"]
    assert max(durations) < 1
    assert median(durations) < 0.1
    assert stop_seconds < STOP_SECONDS
    assert {line["signal"] for line in complaints} == {"traces", "metrics"}
    assert len(complaints) <= 2 * 4  # one per signal and worker
    # What the collector never had is told: every request, and every span, sent or not.
    lost = [line for line in server.lines() if line["event"] == "telemetry_lost"]
    assert len(lost) == len({line["worker"] for line in lost}) <= 4
    assert sum(line["requests_unexported"] for line in lost) == len(durations) + 1
    assert sum(line["spans_lost"] + line["spans_unconfirmed"] for line in lost) == len(durations) + 1
    assert not [line for line in server.output() if not line.startswith("{")]
    assert not [line for line in server.lines() if "SIGKILL" in line.get("message", "")]


def test_a_dead_collector_is_not_felt(tmp_path: Path) -> None:
    with serving(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{HOST}:{free_port()}") as server:
        durations, stop_seconds = observe(server)

        check(durations, stop_seconds, server)


def test_a_collector_that_never_answers_is_not_felt(tmp_path: Path, hanging_collector: str) -> None:
    with serving(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=hanging_collector) as server:
        durations, stop_seconds = observe(server)

        check(durations, stop_seconds, server)
