# SPDX-License-Identifier: Apache-2.0
"""Locust with our people passes a right service and fails a wrong, a slow and an absent one."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from loadtest.__main__ import door
from tests.loadtest.fake_service import FakeService

ROOT = Path(__file__).parents[2]


@pytest.fixture
def start() -> Iterator[Callable[[str], FakeService]]:
    """Give a function that starts a fake service with a flaw."""
    with ExitStack() as running:

        def start_service(flaw: str) -> FakeService:
            service = FakeService(flaw)
            running.callback(service.server_close)
            threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            running.callback(service.shutdown)
            return service

        yield start_service


def run_load(address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a short load without pauses."""
    options = ["--users=8", "--spawn-rate=8", "--run-time=3s", "--pace=0", f"--host={address}"]
    command = [sys.executable, "-m", "loadtest", *options, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_a_right_service_passes_and_leaves_a_report(start: Callable[[str], FakeService], tmp_path: Path) -> None:
    report = tmp_path / "reports" / "load.html"

    done = run_load(start("").address, f"--html={report}")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    assert "<html" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("flaw", "named"),
    [
        ("wrong body", "FAILED wrong answers"),
        ("slow", "FAILED GET /api/v1/loans: p95"),
        ("down", "FAILED failed requests"),
    ],
)
def test_a_flawed_service_fails_and_the_table_says_why(
    start: Callable[[str], FakeService], flaw: str, named: str, tmp_path: Path
) -> None:
    done = run_load(start(flaw).address, f"--html={tmp_path / 'load.html'}")

    assert done.returncode == 1, done.stdout + done.stderr
    assert named in " ".join(done.stdout.split())


def test_an_absent_service_fails_for_who_calls_locust_directly() -> None:
    service = FakeService()
    service.server_close()  # a port that was free a moment ago and that nobody listens on
    options = ["--headless", "--only-summary", "--users=2", "--run-time=1s", f"--host={service.address}"]

    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED failed requests" in " ".join(done.stdout.split())


def test_clients_come_through_nginx_where_there_is_one() -> None:
    urls = {"api": "http://127.0.0.1:2", "nginx": "http://127.0.0.1:1"}

    assert door(urls) == "http://127.0.0.1:1"
    assert door({"api": "http://127.0.0.1:2"}) == "http://127.0.0.1:2"
