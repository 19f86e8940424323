# SPDX-License-Identifier: Apache-2.0
"""Locust with our people passes the real service and fails a wrong, a forgetful, a slow and an absent one."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from app.factory import create_app
from app.settings import Settings
from loadtest.__main__ import door
from stack.ports import free_port
from tests.loadtest.service import serving

ROOT = Path(__file__).parents[2]
Start = Callable[[str], str]
PEOPLE = 8
# Chance decides what people do: a rare row may stay empty in a few seconds, and hardly one in more.
EMPTY_ROWS_AT_MOST = 5
SECONDS, MORE_SECONDS = 12, 40
# Of so few answers the slowest is the p95, and it is what a pause of the machine makes it.
SLACK = 20


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Give a function that starts the service with a flaw, and gives its address."""
    app = create_app(replace(settings, api_threads=8), publish=lambda _: None)
    with ExitStack() as running:
        yield lambda flaw: running.enter_context(serving(app, flaw))


def run_load(address: str, seconds: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a short load without pauses."""
    people = [f"--users={PEOPLE}", f"--spawn-rate={PEOPLE}"]
    options = [*people, f"--run-time={seconds}s", "--pace=0", "--fewest=1", f"--host={address}"]
    command = [sys.executable, "-m", "loadtest", *options, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def failed(output: str) -> list[str]:
    """Give the thresholds that did not hold."""
    return [" ".join(line.split()) for line in output.splitlines() if line.startswith("FAILED")]


def test_the_right_service_passes_and_leaves_a_report(start: Start, tmp_path: Path) -> None:
    report, address = tmp_path / "reports" / "load.html", start("")
    for seconds in (SECONDS, MORE_SECONDS):
        done = run_load(address, seconds, f"--slack={SLACK}", f"--html={report}")
        rows = failed(done.stdout)
        if len(rows) <= EMPTY_ROWS_AT_MOST:
            break

    assert [row for row in rows if ": requests" not in row] == [], done.stdout + done.stderr
    assert len(rows) <= EMPTY_ROWS_AT_MOST, rows
    assert done.returncode == (1 if rows else 0)
    assert done.stdout.splitlines()[-1] == ("load: failed" if rows else "load: passed") + (
        f", {len(rows)} of {done.stdout.count('ok    ') + len(rows)} thresholds" if rows else ", every threshold held"
    )
    assert f"load: 10 s of {seconds} s, " in done.stdout
    assert "<html" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("flaw", "seconds", "named", "words"),
    [
        ("wrong amount", 5, "FAILED wrong answers", "the parts do not add up to the amount"),
        ("forgets keys", 10, "FAILED wrong answers", "a retry with its key was not replayed"),
        ("slow", 5, "FAILED GET /api/v1/loans: p95", ""),
        ("down", 5, "FAILED failed requests", "status 503"),
    ],
)
def test_a_flawed_service_fails_and_the_table_reports_why(  # noqa: PLR0917  # one flaw's row
    start: Start, flaw: str, seconds: int, named: str, words: str, tmp_path: Path
) -> None:
    done = run_load(start(flaw), seconds, "--retries=0.5", f"--html={tmp_path / 'load.html'}")

    assert done.returncode == 1, done.stdout + done.stderr
    assert any(row.startswith(named) for row in failed(done.stdout)), done.stdout
    assert words in done.stdout + done.stderr


def test_an_absent_service_fails_for_who_calls_locust_directly() -> None:
    options = ["--headless", "--only-summary", "--users=4", "--run-time=5s", f"--host=http://127.0.0.1:{free_port()}"]

    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert any(row.startswith("FAILED failed requests") for row in failed(done.stdout)), done.stdout


def test_clients_come_through_nginx_where_there_is_one() -> None:
    urls = {"api": "http://127.0.0.1:2", "nginx": "http://127.0.0.1:1"}

    assert door(urls) == "http://127.0.0.1:1"
    assert door({"api": "http://127.0.0.1:2"}) == "http://127.0.0.1:2"
