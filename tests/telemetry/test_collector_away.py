# SPDX-License-Identifier: Apache-2.0
"""A collector that is gone, or accepts and never answers, costs no request and no more than 5 s at the stop."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from stack.ports import HOST, free_port
from tests.telemetry.outage import Outage, outage
from tests.telemetry.server import Server


@pytest.fixture
def hanging_collector() -> Iterator[str]:
    """Accept connections by the kernel's backlog, and never read them."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen(128)
        yield f"http://{HOST}:{listener.getsockname()[1]}"


def use(server: Server) -> tuple[list[float], float]:
    """Send enough spans for several batches, keep an idle connection open, then stop."""
    durations = server.send(600)
    with requests.Session() as idle:
        idle.get(server.base + "/tasks/1", timeout=10)
        return durations, server.stop()


def check(found: Outage) -> None:
    server, sent = found.server, len(found.durations) + 1
    complaints = [line for line in server.lines() if line["event"] == "telemetry_export_failing"]
    assert found.unfelt(), found
    assert {line["signal"] for line in complaints} == {"traces", "metrics"}
    assert len(complaints) <= 2 * 4  # one per signal and worker
    # What the collector never had is reported: every request, and every span, sent or not.
    lost = [line for line in server.lines() if line["event"] == "telemetry_lost"]
    assert len(lost) == len({line["worker"] for line in lost}) <= 4
    assert sum(line["requests_unexported"] for line in lost) == sent
    assert sum(line["spans_lost"] + line["spans_unconfirmed"] for line in lost) == sent
    assert not [line for line in server.output() if not line.startswith("{")]
    assert not [line for line in server.lines() if "SIGKILL" in line.get("message", "")]


def test_a_dead_collector_is_not_felt(tmp_path: Path) -> None:
    check(outage(tmp_path, f"http://{HOST}:{free_port()}", use))


def test_a_collector_that_never_answers_is_not_felt(tmp_path: Path, hanging_collector: str) -> None:
    check(outage(tmp_path, hanging_collector, use))
