# SPDX-License-Identifier: Apache-2.0
"""`./nox -s fault`: the running stack fails for a while and is repaired, also when the command is interrupted."""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from app.access import DEV_SECRETS
from app.services.faults import FaultKind
from stack import fault
from stack.site import ROOT
from tests.concurrency.gunicorn import Service, serving
from tests.stack.fakes import PATIENCE_SECONDS, eventually, now

OPERATOR = {"Authorization": f"Bearer {DEV_SECRETS['operator']}"}


def command(run_dir: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "stack.fault", *words, "--run-dir", str(run_dir)]


def done(run_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command(run_dir, *words), capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS, cwd=ROOT
    )


@contextmanager
def begun(run_dir: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command until its fault runs, as a background job, and let it repair that in the end."""
    background = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]  # a shell lets background jobs ignore SIGINT
    with subprocess.Popen(
        [*background, *command(run_dir, *words)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout is not None
            assert "runs for" in process.stdout.readline()
            yield process
        finally:
            process.terminate()


def end(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Interrupt the command, and return what it printed since."""
    process.send_signal(number)
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    return said


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run a stack of made-up servers, which each test leaves as it was; give its run folder."""
    tmp_path = tmp_path_factory.mktemp("up")
    words = [sys.executable, "-m", "tests.stack.fake_up", str(tmp_path), "SERVES!", "FORKS"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
        assert eventually(lambda: set(now(tmp_path).urls) == {"serves-0", "forks-1"})
        yield tmp_path
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_SECONDS)


def states(pids: list[int]) -> set[str]:
    """Read the scheduler's states of processes; T: stopped by a signal."""
    return {Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in pids}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_hangs_with_its_children_until_the_command_ends(up: Path, number: signal.Signals) -> None:
    family = fault.family(now(up).pids["forks-1"])
    with begun(up, "hang", "forks-1") as process:
        assert len(family) == 2
        assert eventually(lambda: states(family) == {"T"})  # a process that waits for a CPU stops when it gets one
        assert "T" not in states([now(up).pids["serves-0"]])
        assert end(process, number) == "hang forks-1: ended\n"
    assert eventually(lambda: "T" not in states(family))
    assert requests.get(now(up).urls["forks-1"], timeout=PATIENCE_SECONDS).ok


def test_a_server_is_stopped_for_a_while(up: Path) -> None:
    with begun(up, "stop", "serves-0") as process:
        assert "serves-0" not in now(up).urls
        assert end(process, signal.SIGINT) == "stop serves-0: ended\n"
    assert requests.get(now(up).urls["serves-0"], timeout=PATIENCE_SECONDS).ok


def test_a_fault_ends_after_its_time(up: Path) -> None:
    began = time.monotonic()
    finished = done(up, "hang", "forks-1", "--for", "1s")

    assert (finished.returncode, finished.stdout.splitlines()[-1]) == (0, "hang forks-1: ended")
    assert time.monotonic() - began > 1


def test_a_killed_server_is_started_again(up: Path) -> None:
    before = now(up).pids["serves-0"]
    finished = done(up, "kill", "serves-0")

    assert (finished.returncode, finished.stdout) == (0, "kill serves-0: it was started again\n")
    assert now(up).pids["serves-0"] != before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hang",), "the name of a running server is expected: forks-1, serves-0"),
        (("hang", "made-up"), "the name of a running server is expected: forks-1, serves-0"),
        (("latency",), "api is not ready"),
    ],
)
def test_what_cannot_begin_is_one_line(up: Path, words: tuple[str, ...], said: str) -> None:
    finished = done(up, *words)

    assert (finished.returncode, finished.stderr) == (1, f"fault: {words[0]}: {said}\n")


def test_without_a_stack_it_reports_that(tmp_path: Path) -> None:
    finished = done(tmp_path, "latency")

    assert finished.returncode == 1
    assert finished.stderr.startswith("fault: latency: nothing runs here; start the stack with `FAULTS=true ./nox")


def test_every_fault_is_listed_and_described(tmp_path: Path) -> None:
    names = [line.split()[0] for line in done(tmp_path).stdout.splitlines()]
    table = [line.split("`")[1] for line in (ROOT / "docs/faults.md").read_text().splitlines() if line[:3] == "| `"]

    assert sorted(names) == sorted([*fault.OUTSIDE, *FaultKind])
    assert sorted(table) == sorted(names)


@pytest.mark.parametrize(("text", "seconds"), [("60", 60), ("60s", 60), ("5m", 300), ("60m", 3600)])
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert fault.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "61m", "3601", "1h", "-1", "1.5s", "\u0661s"])
def test_another_duration_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="1s to 60m is expected"):
        fault.duration(text)


@pytest.fixture
def api(tmp_path: Path, database: str) -> Iterator[Service]:
    """Run the service with faults."""
    with serving(tmp_path, database, FAULTS="true", API_WORKERS="1") as service:
        yield service


def kinds(service: Service) -> list[str]:
    items = requests.get(f"{service.base}/ops/faults", headers=OPERATOR, timeout=PATIENCE_SECONDS).json()["items"]
    return [item["kind"] for item in items]


def test_a_fault_of_the_service_runs_while_the_command_does(api: Service) -> None:
    body = {"kind": "cpu", "lasts_seconds": 60, "share": None, "amount": None}
    secret = DEV_SECRETS["operator"]
    with fault.inside(api.base, secret, body):
        assert kinds(api) == ["cpu"]
        with pytest.raises(fault.FaultError, match="runs already"), fault.inside(api.base, secret, body):
            pass
    assert kinds(api) == []
    with fault.inside(api.base, secret, body | {"lasts_seconds": 1}):
        assert eventually(lambda: not kinds(api))
    with pytest.raises(fault.FaultError, match=r"^share: This fault hits a whole worker"):
        fault.inside(api.base, secret, body | {"share": 0.5}).__enter__()
    with pytest.raises(fault.FaultError, match="A valid key is needed"):
        fault.inside(api.base, "made-up", body).__enter__()


def test_a_service_without_faults_is_named(tmp_path: Path, database: str) -> None:
    with serving(tmp_path, database, API_WORKERS="1") as service:
        body = {"kind": "cpu", "lasts_seconds": 60}
        with pytest.raises(fault.FaultError, match="FAULTS=true"):
            fault.inside(service.base, DEV_SECRETS["operator"], body).__enter__()
