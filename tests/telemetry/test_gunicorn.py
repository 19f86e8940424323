# SPDX-License-Identifier: Apache-2.0
"""How Gunicorn starts, refuses to start, logs and stops with our configuration."""

import json
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from app.telemetry.worker_files import claim
from stack.polling import poll
from stack.ports import HOST
from tests.telemetry.server import Server, serving


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("API_PORT", "eight"),
        ("LOG_DIR", "/dev/null/logs"),
        ("TELEMETRY_DIR", "/dev/null/t"),
        ("TELEMETRY_DIR", "/" + "x" * 99),
    ],
)
def test_a_wrong_setting_ends_the_start_with_one_line(tmp_path: Path, variable: str, value: str) -> None:
    server = Server(tmp_path, **{variable: value})

    assert server.child.wait(10)
    assert server.child.poll() == 2
    said = [line for line in server.output() if not line.startswith("{")]
    assert [line.partition(":")[0] for line in said] == [variable]


def test_a_second_server_in_the_same_telemetry_directory_ends_with_one_line(tmp_path: Path) -> None:
    with claim(tmp_path / "t"):
        server = Server(tmp_path)

        assert server.child.wait(10)
    assert server.child.poll() == 2
    assert server.output()[-1].startswith("TELEMETRY_DIR: a directory of its own is expected")


def test_everything_gunicorn_logs_is_json_and_nothing_of_it_is_the_clients(tmp_path: Path) -> None:
    with serving(tmp_path, API_WORKERS="1") as server:
        with socket.create_connection((HOST, server.port), timeout=5) as client:
            client.sendall(b"KANARIE /kanarie HTTP/9.9\r\n\r\n")
            client.recv(1000)
        answer = server.get("/boom?kanarie=1", **{"X-Canary": "kanarie"})
        server.stop()

    events = [json.loads(line) for line in server.output()]
    assert answer.status_code == 500
    assert {event["logger"] for event in events} >= {"gunicorn.error", "app.telemetry.request_line"}
    assert [event["event"] for event in events].count("request_refused") == 1
    assert [event.get("exception.type") for event in events].count("RuntimeError") == 1
    assert "kanarie" not in "".join(server.output()).lower()
    assert sorted(path.name.rpartition("-")[2] for path in server.logs.glob("*.jsonl")) == ["arbiter.jsonl", "w0.jsonl"]
    assert {line["service.instance.id"].rpartition("-")[2] for line in server.lines()} == {"arbiter", "w0"}


def test_a_request_under_way_is_answered_before_the_stop(tmp_path: Path) -> None:
    with serving(tmp_path, API_WORKERS="1") as server, ThreadPoolExecutor(1) as client:
        slow = poll(lambda: under_way(server, client), 30, "a request under way")
        seconds = server.stop()

    assert slow.result().text == "slow"
    assert seconds < 4
    assert [line for line in server.lines() if line.get("http.route") == "/slow"]


def under_way(server: Server, client: ThreadPoolExecutor) -> Future[requests.Response] | None:
    """Send a slow request and give it while it is at work; nothing if it ended before that was seen."""
    slow = client.submit(server.get, "/slow")
    while not slow.done():
        if server.active():
            return slow
        time.sleep(0.02)
    return None
