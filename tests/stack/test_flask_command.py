# SPDX-License-Identifier: Apache-2.0
"""The service's commands work on the stack that runs, and on nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.storage.migrate import migrate
from stack.postgres import Postgres
from stack.state import State, only_one, write
from tests.conftest import execute


def flask(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stack.flask_command", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("name", ["seed", "check-ledger"])
def test_without_a_running_stack_it_reports_this_in_a_line(tmp_path: Path, name: str) -> None:
    ended = flask("--run-dir", str(tmp_path), name)

    assert ended.returncode == 1
    assert ended.stderr == f"{name}: nothing runs here; start the stack, with `./nox -s up` or in Docker\n"


@pytest.mark.parametrize(
    ("words", "said"), [(["seed", "--help"], "--loans"), (["check-ledger", "--help"], "--since"), ([], "api-key")]
)
def test_its_help_needs_no_stack(tmp_path: Path, words: list[str], said: str) -> None:
    ended = flask("--run-dir", str(tmp_path), *words)

    assert ended.returncode == 0
    assert said in ended.stdout


def test_a_key_is_made_without_a_stack(tmp_path: Path) -> None:
    words = ["api-key", "--id", "teller", "--client", "acme", "--scope", "loans:read", "--expires-on", "2099-12-31"]

    ended = flask("--run-dir", str(tmp_path), *words)

    assert ended.returncode == 0, ended.stderr
    assert '"id": "teller"' in ended.stdout


def test_the_running_stacks_database_is_filled_and_checked(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_PORT", "8000-8001")  # of compose with two instances
    url = postgres.create("filled")
    migrate(url)
    running = State(os.getpid(), url, str(tmp_path), complete=True, urls={}, pids={})
    with only_one(tmp_path):
        write(running, tmp_path)
        filled = flask("--run-dir", str(tmp_path), "seed", "--loans", "50")
        clean = flask("--run-dir", str(tmp_path), "check-ledger")
        execute(
            url, "UPDATE loan SET outstanding_principal_minor = outstanding_principal_minor - 1 WHERE status = 'active'"
        )
        broken = flask("--run-dir", str(tmp_path), "check-ledger")

    assert filled.returncode == 0, filled.stderr
    assert execute(url, "SELECT count(*) FROM loan") == [(50,)]
    assert clean.returncode == 0, clean.stderr
    assert broken.returncode == 1
