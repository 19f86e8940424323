# SPDX-License-Identifier: Apache-2.0
"""`up` from outside: it ends on a signal, when a server ends and when its parent does, and leaves no process."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import state
from stack.ports import HOST
from tests.stack.fakes import PATIENCE_SECONDS, alive, eventually, noted_pids

Start = Callable[..., subprocess.Popen[str]]
SHELL = (
    'import subprocess, sys; sys.exit(subprocess.call([sys.executable, "-m", "tests.stack.fake_up", *sys.argv[1:]]))'
)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `up` with made-up servers; what a failing test leaves running is ended."""
    started: list[subprocess.Popen[str]] = []

    def start_one(*words: str, argv: tuple[str, ...] = ("-m", "tests.stack.fake_up")) -> subprocess.Popen[str]:
        command = [sys.executable, *argv, str(tmp_path), *words]
        environment = os.environ | {"TMPDIR": str(tmp_path)}  # a killed one can't tidy up
        started.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.communicate()


def wait_complete(run_dir: Path) -> state.State:
    assert eventually(lambda: bool((now := state.read(run_dir)) and now.complete))
    now = state.read(run_dir)
    assert now
    return now


def nothing_is_left(run_dir: Path) -> bool:
    pids = noted_pids(run_dir)
    assert pids
    return eventually(lambda: not any(map(alive, pids)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_everything_when_asked_to(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    process = start("SERVES", "FORKS", "STUBBORN")
    wait_complete(tmp_path)

    process.send_signal(number)
    process.send_signal(number)  # impatience does no harm
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 0
    assert "everything has stopped" in output
    assert nothing_is_left(tmp_path)
    assert state.read(tmp_path) is None


def test_it_shows_others_what_runs_where(start: Start, tmp_path: Path) -> None:
    process = start("SERVES")

    now = wait_complete(tmp_path)

    assert now.runner == process.pid
    assert set(now.urls) == set(now.pids) == set(now.ready_seconds) == {"serves-0"}
    assert alive(now.pids["serves-0"])
    assert (tmp_path / state.FILE).stat().st_mode & 0o077 == 0


def test_it_leaves_nothing_when_it_is_killed(start: Start, tmp_path: Path) -> None:
    process = start("SERVES", "FORKS")
    wait_complete(tmp_path)
    assert len(noted_pids(tmp_path)) == 3

    process.kill()

    assert nothing_is_left(tmp_path)
    process.wait()
    assert state.read(tmp_path) is None


def test_it_leaves_nothing_when_its_parent_is_killed(start: Start, tmp_path: Path) -> None:
    parent = start("SERVES", "FORKS", argv=("-c", SHELL))
    runner = wait_complete(tmp_path).runner
    assert runner != parent.pid

    parent.kill()

    assert nothing_is_left(tmp_path)
    assert eventually(lambda: not alive(runner))


def test_an_essential_server_that_refuses_to_start_ends_it_with_one_line(start: Start, tmp_path: Path) -> None:
    process = start("SERVES", "FORKS", "REFUSES!")

    output, _ = process.communicate(timeout=PATIENCE_SECONDS)

    last = output.splitlines()[-1]
    assert process.returncode == 1
    assert last == "error: refuses-2 ended with exit code 2 while starting: error: broken.yaml line 3: unknown key"
    assert "    loading" in output.splitlines()
    assert nothing_is_left(tmp_path)


@pytest.mark.parametrize("script", ["REFUSES", "DIES_LATER", "DIES_LATER!"])
def test_a_server_that_dies_stops_no_other_and_is_started_again(start: Start, tmp_path: Path, script: str) -> None:
    process = start("SERVES!", script)
    name = f"{script.lower().removesuffix('!')}-1"
    assert eventually(lambda: bool((now := state.read(tmp_path)) and "exit code" in now.missing.get(name, "")))
    assert eventually(lambda: len(noted_pids(tmp_path)) >= 4)  # of which three are the one that dies
    now = state.read(tmp_path)
    assert now
    assert alive(now.pids["serves-0"])

    process.terminate()
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)

    reports = [line for line in output.splitlines() if name in line and "next start" in line]
    assert reports[0].endswith("; next start in 1 s")
    assert reports[1].endswith("; next start in 2 s")
    assert process.returncode == 0
    assert nothing_is_left(tmp_path)


def test_a_server_that_recovers_joins_the_rest(start: Start, tmp_path: Path) -> None:
    start("SERVES!", "RECOVERS")

    assert eventually(lambda: bool((now := state.read(tmp_path)) and "recovers-1" in now.urls and not now.missing))


def test_the_line_shown_is_the_cause(start: Start, tmp_path: Path) -> None:
    process = start("SERVES!", "PANICS")
    assert eventually(lambda: bool((now := state.read(tmp_path)) and now.missing))

    process.terminate()
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)

    cause = "panic: write wal/0001: no space left on device"
    assert f"panics-1 ended with exit code 2 while starting: {cause}; next start in 1 s" in output
    assert "errors.go" not in output


def test_a_second_one_in_the_same_folder_is_refused(start: Start, tmp_path: Path) -> None:
    first = start("SERVES")
    wait_complete(tmp_path)

    second = start("SERVES")
    output, _ = second.communicate(timeout=PATIENCE_SECONDS)

    assert second.returncode == 1
    assert output == f"error: a stack already runs in {tmp_path}: stop it first\n"
    assert first.poll() is None


def test_the_real_command_names_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        number = str(other.getsockname()[1])
        words = ["up", "--run-dir", str(tmp_path), "--only", "prometheus"]
        environment = os.environ | {"PROMETHEUS_PORT": number}
        command = [sys.executable, "-m", "stack.run", *words]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode == 1
    assert (
        result.stdout + result.stderr
        == f"error: port {number} (prometheus) is in use: set PROMETHEUS_PORT to another\n"
    )


def test_what_a_killed_one_left_written_is_not_taken_for_a_running_stack(start: Start, tmp_path: Path) -> None:
    process = start("SERVES")
    wait_complete(tmp_path)
    process.kill()
    process.wait()
    written = (tmp_path / state.FILE).read_text().replace(str(process.pid), str(os.getpid()))
    (tmp_path / state.FILE).write_text(written)

    assert state.read(tmp_path) is None
    assert nothing_is_left(tmp_path)
