# SPDX-License-Identifier: Apache-2.0
"""Demo data goes into the stack that runs, and nowhere else."""

import os
import subprocess
import sys
from pathlib import Path

from app.storage.migrate import migrate
from stack.postgres import Postgres
from stack.state import State, only_one, write
from tests.conftest import execute


def seed(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stack.seed", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_without_a_running_stack_it_says_so_in_a_line(tmp_path: Path) -> None:
    ended = seed("--run-dir", str(tmp_path))

    assert ended.returncode == 1
    assert ended.stderr == "seed: nothing runs here; start the stack with `./nox -s up` in another terminal\n"


def test_its_help_needs_no_stack(tmp_path: Path) -> None:
    ended = seed("--run-dir", str(tmp_path), "--help")

    assert ended.returncode == 0
    assert "--loans" in ended.stdout


def test_the_running_stacks_database_is_filled(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.create("filled")
    migrate(url)
    running = State(os.getpid(), url, str(tmp_path), complete=True, urls={}, pids={})
    with only_one(tmp_path):
        write(running, tmp_path)
        ended = seed("--run-dir", str(tmp_path), "--loans", "50")

    assert ended.returncode == 0, ended.stderr
    assert execute(url, "SELECT count(*) FROM loan") == [(50,)]
