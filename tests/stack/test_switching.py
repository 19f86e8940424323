# SPDX-License-Identifier: Apache-2.0
"""`cp .env.X .env` switches: a wrong setting leaves nothing behind, and each environment has data of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from app.database_url import connection_arguments
from stack.errors import StackError
from stack.ports import FreePorts
from stack.runner import Stack
from stack.site import ROOT
from tests.unit.test_environment_files import SECRETS

STARTING_SECONDS = 60.0  # what is refused takes two; on a busy machine more
DEVELOPMENT = {"APP_ENV": "dev", "POSTGRES_PASSWORD": "loan"}
STAGING = {"APP_ENV": "staging", "POSTGRES_PASSWORD": "p@ss:w/ord%zz#?&'\"\\ $"}


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """Give a run folder that PostgreSQL's user can reach; pytest's own folders are private."""
    folder = Path(tempfile.mkdtemp(prefix="loan-switch-"))
    folder.chmod(0o711)
    yield folder / "run"
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL: one of DEBUG, INFO, WARNING, ERROR, CRITICAL is expected"),
        ({"API_PORT": "eighty"}, "API_PORT: a whole number from 0 to 65535 is expected"),
        ({"PROMETHEUS_PORT": "eighty"}, "PROMETHEUS_PORT: a port number from 1 to 65535 is expected"),
        ({"OTELCOL_OVERLAY": "tail_sampling"}, "OTELCOL_OVERLAY: one of collector, tail-sampling is expected"),
        ({"PROMETHEUS_PORT": "5432"}, "PROMETHEUS_PORT: another port than DB_PORT's 5432 is expected"),
        ({"APP_ENV": "prod"}, "APP_ENV: dev, staging or production is expected"),
        ({"DATABASE_URL": "postgresql+psycopg2://loan:%zz@db/loans"}, "DATABASE_URL: percent-encoding is expected"),
        ({"APP_ENV": "staging", **SECRETS, "GF_ADMIN_PASSWORD": "loan-dev-grafana"}, "GF_ADMIN_PASSWORD: a secret"),
        ({"APP_ENV": "staging", **SECRETS, "POSTGRES_PASSWORD": "loan"}, "POSTGRES_PASSWORD: a secret of its own"),
        ({"APP_ENV": "staging"}, "POSTGRES_PASSWORD: a secret of its own is expected"),
    ],
)
def test_a_refused_start_leaves_nothing_behind(run_dir: Path, change: dict[str, str], message: str) -> None:
    argv = [sys.executable, "-m", "stack.run", "up", "--run-dir", str(run_dir), "--only", "db,migrate,api,prometheus"]
    done = subprocess.run(
        argv, cwd=ROOT, env=os.environ | change, capture_output=True, text=True, check=False, timeout=STARTING_SECONDS
    )

    assert done.returncode == 1
    [line] = (done.stdout + done.stderr).splitlines()
    assert line.startswith(f"error: {message}")
    assert not run_dir.exists()
    assert not [value for name, value in change.items() if name in SECRETS and value in line]


def test_each_environment_has_data_of_its_own(run_dir: Path) -> None:
    with running(run_dir, DEVELOPMENT) as stack:
        execute(stack, "CREATE TABLE of_development ()")

    with running(run_dir, STAGING) as stack:
        assert execute(stack, "SELECT to_regclass('of_development') IS NULL") == [(True,)]
        assert stack.log_dir.is_relative_to(run_dir / "staging")

    with running(run_dir, DEVELOPMENT) as stack:
        assert execute(stack, "SELECT to_regclass('of_development') IS NULL") == [(False,)]


def test_within_an_environment_another_password_is_refused_with_what_to_do(run_dir: Path) -> None:
    with running(run_dir, DEVELOPMENT):
        pass

    with pytest.raises(StackError, match=r"does not fit the data in .*: set POSTGRES_USER .* or remove the folder"):
        running(run_dir, DEVELOPMENT | {"POSTGRES_PASSWORD": "zz-canary"}).up()


def running(run_dir: Path, environment: dict[str, str]) -> Stack:
    """Give a stack of PostgreSQL alone."""
    return Stack(run_dir, FreePorts(), ["db"], environment)


def execute(stack: Stack, statement: str) -> list[tuple[object, ...]]:
    """Run a statement in the service's database and give its rows."""
    with (
        closing(psycopg2.connect(**connection_arguments(stack.database_url))) as connection,
        connection.cursor() as cursor,
    ):
        connection.autocommit = True
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []
