# SPDX-License-Identifier: Apache-2.0
"""A collector whose packets are dropped costs no request, one line a minute, and a bounded time at the stop."""

import os
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from stack.ports import HOST
from tests.telemetry.outage import STOP_SECONDS, outage
from tests.telemetry.server import SLOTS, Server, serving

# Long enough for an export that fails in each worker; two and a half minutes in `nox -s nightly`.
OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "20")) / 2
PAUSE_SECONDS = 0.05
SIGNALS = 2  # traces and metrics


def test_dropped_packets_are_not_felt(tmp_path: Path) -> None:
    with dropping() as endpoint:
        found = outage(tmp_path, endpoint, use)

    complaints = Counter((line["signal"], line["service.instance.id"]) for line in complaints_of(found.server))
    print(f"{found}; {complaints}")  # noqa: T201  # the figure is the result
    assert found.unfelt(), found
    assert len(complaints) == SIGNALS * SLOTS
    assert max(complaints.values()) <= 1 + OUTAGE_SECONDS // 60


def test_without_a_bound_at_the_exit_workers_are_killed(tmp_path: Path) -> None:
    with dropping() as endpoint:
        unbounded = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "SHUTDOWN_FLUSH_SECONDS": "600"}
        with serving(tmp_path, OTEL_EXPORTER_OTLP_TIMEOUT="60", **unbounded) as server:
            server.send(100)
            stop_seconds = server.stop()

    lost = [line["worker"] for line in server.lines() if line["event"] == "telemetry_lost"]
    assert sorted(lost) == list(range(SLOTS))  # by the arbiter, before it ends
    print(f"stopped in {stop_seconds:.1f} s")  # noqa: T201  # the figure is the result
    assert stop_seconds >= STOP_SECONDS


@contextmanager
def dropping() -> Iterator[str]:
    """Listen with a queue that is full: the system drops what else wants to connect, as a firewall does."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(8):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.5)
        yield f"http://{HOST}:{address[1]}"


def use(server: Server) -> tuple[list[float], float]:
    end = time.monotonic() + OUTAGE_SECONDS
    durations: list[float] = []
    while time.monotonic() < end:
        durations += server.send(SLOTS)
        time.sleep(PAUSE_SECONDS)
    return durations, server.stop()


def complaints_of(server: Server) -> list[dict[str, str]]:
    return [line for line in server.lines() if line["event"] == "telemetry_export_failing"]
