# SPDX-License-Identifier: Apache-2.0
"""`./nox -s up` prints one line with the part that can't start and why; at its end no server process is left."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stack.polling import poll
from stack.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SECONDS = 120.0


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the repository's files, so that one can be broken."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in names.splitlines():
        target = tmp_path / "copy" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return tmp_path / "copy"


def test_a_port_in_use_is_named_with_the_setting_that_changes_it(copy: Path, run_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        free = {name: str(free_port()) for name in ("DB_PORT", "API_PORT")}
        output = fail_to_come_up(copy, run_dir, "--only", "db,migrate,api,tempo", TEMPO_PORT=str(number), **free)

    assert output[-1] == f"error: port {number} (tempo) is in use: set TEMPO_PORT to another"


def test_a_broken_config_file_is_named_and_the_service_runs_on(copy: Path, run_dir: Path) -> None:
    config = copy / "loki" / "loki.yaml"
    config.write_text(config.read_text() + "\nno_such_setting: true\n")

    [line] = said_while_the_service_runs(copy, run_dir, "loki")

    assert "loki ended with exit code 1" in line
    assert "no_such_setting" in line


def test_a_server_that_dies_at_start_is_named_with_the_cause(copy: Path, run_dir: Path) -> None:
    config = copy / "otel" / "collector.yaml"
    # Valid for the checker, but this path is a file.
    config.write_text(
        config.read_text().replace("directory: ${env:OTELCOL_DATA:-/var/lib/otelcol}", "directory: /dev/null")
    )

    [line] = said_while_the_service_runs(copy, run_dir, "otelcol")

    assert "otelcol ended with exit code 1" in line
    assert "/dev/null" in line


def test_a_wrong_setting_is_named(copy: Path, run_dir: Path) -> None:
    output = fail_to_come_up(copy, run_dir, "--free-ports", "--only", "db,migrate,api", LOG_LEVEL="LOUD")

    assert "LOG_LEVEL: one of DEBUG" in output[-1]


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """Give a run folder that PostgreSQL's user can reach; pytest's own folders are private."""
    with tempfile.TemporaryDirectory(prefix="loan-up-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "run"


def fail_to_come_up(repository: Path, run_dir: Path, *words: str, **environment: str) -> list[str]:
    """Run `up`, which must fail by itself and leave nothing; return what it printed."""
    argv = [sys.executable, "-m", "stack.run", "up", "--run-dir", str(run_dir), *words]
    result = subprocess.run(
        argv, cwd=repository, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    output = (result.stdout + result.stderr).splitlines()
    assert result.returncode == 1, output
    poll(lambda: not processes_of(run_dir), 5.0, "the end of every process")
    return output


def said_while_the_service_runs(repository: Path, run_dir: Path, server: str) -> list[str]:
    """Run `up` until it will start the server again and the API answers; return the first line about that."""
    argv = [sys.executable, "-m", "stack.run", "up", "--run-dir", str(run_dir), "--free-ports"]
    argv += ["--only", f"db,migrate,api,{server}"]
    screen = run_dir.parent / "screen"
    with screen.open("w") as output:
        up = subprocess.Popen(argv, cwd=repository, stdout=output, stderr=subprocess.STDOUT)
    again = "; next start in "
    try:
        poll(lambda: again in screen.read_text() and "api is ready" in screen.read_text(), SECONDS, "both lines")
        assert up.poll() is None
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(SECONDS)
    poll(lambda: not processes_of(run_dir), 5.0, "the end of every process")
    return [line for line in screen.read_text().splitlines() if again in line][:1]


def processes_of(run_dir: Path) -> list[str]:
    """List the processes that were started in, or with a file of, a run folder."""
    needle = str(run_dir).encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        looks: tuple[Callable[[], bytes], ...] = (
            (process / "cmdline").read_bytes,
            (process / "environ").read_bytes,
        )
        for look in looks:
            try:
                if needle in look() and process.name != str(os.getpid()):
                    found.append(process.name)
                    break
            except OSError:
                continue
    return found


def test_the_search_for_processes_sees_one(run_dir: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()", str(run_dir)], stdin=subprocess.PIPE)
    try:
        # Popen returns a moment before the kernel shows the new command line.
        found = poll(lambda: processes_of(run_dir), 5.0, "the process")
        assert found == [str(child.pid)]
    finally:
        child.communicate(b"\n", timeout=10)
