# SPDX-License-Identifier: Apache-2.0
"""Clients that hang up: each request is counted, logged and traced once all the same, and the worker goes on."""

import socket
import struct
from collections import Counter
from pathlib import Path

import pytest

from app.settings import TelemetryPipeline
from app.telemetry.delivery.accounting import LAYOUT, Count
from stack.polling import poll
from stack.ports import HOST
from tests.telemetry.edges import Case, ask
from tests.telemetry.otlp_sink import Sink, serving_otlp
from tests.telemetry.server import Server, serving

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset, and unsent data is discarded
UPLOAD = Case("/digest", "POST", {"Content-Length": "1000000"}).raw + b"x" * 1000
HALF = b"GET /names/half HTTP/1.1\r\nHost: h\r\n"  # no request, so far
TIMES = 6


def hang_up(server: Server, sent: bytes, received: int, *, reset: bool) -> None:
    """Send something, read so many bytes of the answer, and go."""
    with socket.create_connection((HOST, server.port), timeout=10) as client:
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.sendall(sent)
        while received > 0:
            received -= len(client.recv(min(received, 65536)))


def entries(folder: Path) -> tuple[int, ...]:
    """Read the worker's ledger."""
    return LAYOUT.unpack((folder / "t" / "w0.delivery").read_bytes())


def at_rest(folder: Path) -> bool:
    """Return whether every request that began has ended, and all is delivered."""
    cells = entries(folder)
    begun, ended, exported = (cells[entry] for entry in (Count.REQUESTS_BEGUN, Count.REQUESTS_ENDED, 2))
    return begun == ended == exported and cells[Count.SPANS_ENDED] == cells[Count.SPANS_DELIVERED]


def answered(server: Server, received: Sink) -> tuple[Counter[str], Counter[str], dict[str, float]]:
    """Count lines and spans by route, and return the page of metrics."""
    lines = Counter(line["http.route"] for line in server.lines() if line["event"] == "http_request")
    spans = Counter(span.attributes["http.route"] for span in received.finished_spans())
    return lines, spans, server.page()


@pytest.mark.parametrize("pipeline", TelemetryPipeline)
def test_a_client_that_hangs_up_is_counted_once_and_the_worker_goes_on(tmp_path: Path, pipeline: str) -> None:
    environ = {"API_WORKERS": "1", "TELEMETRY_PIPELINE": pipeline, "OTEL_METRIC_EXPORT_INTERVAL": "200"}
    with serving_otlp() as received:
        environ |= {"OTEL_EXPORTER_OTLP_ENDPOINT": received.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with serving(tmp_path, "edges_target", **environ) as server:
            pid = server.get("/pid").text
            for number in range(TIMES):
                hang_up(server, HALF, 0, reset=number % 2 == 0)
                hang_up(server, UPLOAD, 0, reset=number % 2 == 0)
                hang_up(server, Case("/endless").raw, 300_000, reset=number % 2 == 0)
                hang_up(server, Case("/large").raw, 10, reset=True)
                ask(server.port, Case("/context-fails").raw)
            assert server.get("/pid").text == pid
            poll(lambda: at_rest(tmp_path), 10, "a ledger at rest")
            lines, spans, page = answered(server, received)

    expected = Counter({"/pid": 2} | dict.fromkeys(("/digest", "/endless", "/large", "/context-fails"), TIMES))
    measured = {
        key: value for key, value in page.items() if key.startswith("http_server_request_duration_seconds_count")
    }
    assert lines == spans == expected
    assert sum(measured.values()) == expected.total()
    assert [value for key, value in page.items() if key.startswith("http_server_active_requests")] == [0]
    assert entries_at_the_end(server) == []


def entries_at_the_end(server: Server) -> list[dict[str, object]]:
    """Return the lines about a loss or a failure of telemetry."""
    return [line for line in server.lines() if line["event"] in {"telemetry_lost", "telemetry_failed"}]


@pytest.mark.parametrize("pipeline", TelemetryPipeline)
def test_a_request_that_hangs_is_seen_as_under_way(tmp_path: Path, pipeline: str) -> None:
    environ = {"API_WORKERS": "1", "TELEMETRY_PIPELINE": pipeline}
    with serving_otlp() as received:
        environ |= {"OTEL_EXPORTER_OTLP_ENDPOINT": received.endpoint}
        with (
            serving(tmp_path, "edges_target", **environ) as server,
            socket.create_connection((HOST, server.port), timeout=10) as client,
        ):
            client.sendall(UPLOAD)
            poll(lambda: entries(tmp_path)[Count.REQUESTS_BEGUN] == 1, 10, "a request under way")

            assert not at_rest(tmp_path)
            [active] = [value for key, value in server.page().items() if key.startswith("http_server_active_requests")]
            assert active == 1
