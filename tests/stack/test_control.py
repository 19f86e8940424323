# SPDX-License-Identifier: Apache-2.0
"""One server of a running stack is stopped and started from another terminal."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.site import ROOT
from tests.stack.fakes import PATIENCE_SECONDS, alive, eventually, now


def control(run_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stack.control", *words, "--run-dir", str(run_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a stack of made-up servers."""
    command = [sys.executable, "-m", "tests.stack.fake_up", str(tmp_path), "SERVES!", "FORKS", "PANICS"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert eventually(lambda: set(now(tmp_path).urls) == {"serves-0", "forks-1"})
        yield process
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)


@pytest.mark.usefixtures("up")
def test_a_server_is_stopped_and_started_and_the_others_go_on(tmp_path: Path) -> None:
    before = now(tmp_path).pids

    for name in ("forks-1", "serves-0"):
        stopped = control(tmp_path, "stop", name)

        assert (stopped.returncode, stopped.stderr) == (0, "")
        assert stopped.stdout == f"{name}: stopped; `./nox -s start -- {name}` starts it\n"
        assert not alive(before[name])
        assert name not in now(tmp_path).urls
        assert "stopped" in now(tmp_path).missing[name]

        started = control(tmp_path, "start", name)

        assert (started.returncode, started.stdout, started.stderr) == (0, f"{name}: ready\n", "")
        assert name in now(tmp_path).urls
        assert now(tmp_path).pids[name] != before[name]


@pytest.mark.usefixtures("up")
def test_what_was_stopped_stays_so(tmp_path: Path) -> None:
    """The supervisor starts what has died; a stop is no death."""
    assert control(tmp_path, "stop", "panics-2").returncode == 0
    pid = now(tmp_path).pids.get("panics-2")

    assert pid is None
    assert not eventually(lambda: "stopped" not in now(tmp_path).missing["panics-2"], seconds=4)


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stop", "lokki"], "stop: no such server: lokki; there are serves-0, forks-1, panics-2"),
        (["start", "forks-1"], "start: forks-1 runs already"),
        (["stop"], "stop: the name of a server is expected: forks-1, panics-2, serves-0"),
        (["start", "panics-2"], "no space left on device"),
    ],
)
def test_what_cannot_be_done_is_reported_in_one_line(tmp_path: Path, words: list[str], said: str) -> None:
    refused = control(tmp_path, *words)

    assert refused.returncode == 1
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.usefixtures("up")
def test_nobody_else_may_ask(tmp_path: Path) -> None:
    assert Path(now(tmp_path).control).stat().st_mode & 0o077 == 0


def test_without_a_stack_it_reports_this(tmp_path: Path) -> None:
    refused = control(tmp_path, "stop", "api")

    assert refused.returncode == 1
    assert refused.stderr == "stop: nothing runs here; start the stack with `./nox -s up` in another terminal\n"


def test_it_needs_the_standard_library_only() -> None:
    # -S: without site-packages, as in an environment in which nothing was installed.
    done = subprocess.run(
        [sys.executable, "-S", "-m", "stack.control", "stop", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
