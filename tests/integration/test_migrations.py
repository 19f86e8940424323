# SPDX-License-Identifier: Apache-2.0
"""Migrations: forward, back, twice at once, and refused in one line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from app.storage import migrate as migrations
from app.storage.database import Base
from app.storage.migrate import LOCK_KEY, MigrationError, main, migrate
from stack.polling import poll
from stack.ports import free_port
from stack.postgres import Postgres
from tests.conftest import execute

NUMBERS = count()
WAITING = """SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'loan-service-migrate' AND datname = current_database()"""
TABLES = "SELECT count(*) FROM pg_tables WHERE tablename = 'loan'"
FOLDER = str(Path(migrations.__file__).parent / "migrations")
REVISIONS = [step.revision for step in ScriptDirectory(FOLDER).walk_revisions()][::-1]
UP = [f"schema: to {revision}" for revision in REVISIONS]
DOWN = [f"schema: back from {revision}" for revision in reversed(REVISIONS)]


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    """Give the URL of a database without any table."""
    name = f"empty_{next(NUMBERS)}"
    yield postgres.create(name)
    execute(postgres.url(), f"DROP DATABASE {name}")


def test_the_schema_goes_forward_and_back(empty: str) -> None:
    said: list[str] = []

    migrate(empty, echo=said.append)
    forward = execute(empty, TABLES)
    migrate(empty, echo=said.append)
    migrate(empty, "base", echo=said.append)
    back = execute(empty, TABLES)

    assert said == [*UP, "schema: nothing to do", *DOWN]
    assert (forward, back) == ([(1,)], [(0,)])


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_name_is_refused(postgres: Postgres, encoding: str) -> None:
    name = f"of_{encoding.lower()}"
    execute(
        postgres.url(),
        f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    )
    try:
        with pytest.raises(MigrationError) as refused:
            migrate(postgres.url(name))

        assert str(refused.value) == (
            f"DATABASE_URL: the database's encoding is {encoding}, UTF8 is expected:"
            " create one with ENCODING 'UTF8' TEMPLATE template0"
        )
        assert execute(postgres.url(name), TABLES) == [(0,)]
    finally:
        execute(postgres.url(), f"DROP DATABASE {name}")


def test_the_schema_goes_to_any_revision_from_either_side(empty: str) -> None:
    said: list[str] = []

    for revision in ("0003_lifecycle", "0001_loan", "0001_loan", "0002_borrower", "head", REVISIONS[-2]):
        migrate(empty, revision, echo=said.append)

    assert said == [*UP[:3], DOWN[-3], DOWN[-2], "schema: nothing to do", *UP[1:], DOWN[0]]


def test_an_unknown_revision_is_named(empty: str) -> None:
    migrate(empty)

    with pytest.raises(MigrationError, match=r"the schema is not one of this version: .*0042_answer"):
        migrate(empty, "0042_answer")


def test_the_migrated_schema_is_the_one_that_the_service_expects(empty: str) -> None:
    migrate(empty)

    with create_engine(empty, poolclass=NullPool).connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []


def test_of_two_at_once_one_works_and_the_other_finds_nothing_to_do(empty: str) -> None:
    with ThreadPoolExecutor(2) as pool, closing(psycopg2.connect(empty.replace("+psycopg2", ""))) as starter:
        starter.cursor().execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
        both = [pool.submit(run, empty) for _ in range(2)]
        poll(lambda: execute(empty, WAITING) == [(2,)], 30.0, "two migrations that wait for the lock")
        assert execute(empty, TABLES) == [(0,)]
        starter.close()  # both go for it at once
        results = [one.result() for one in both]

    assert [result.returncode for result in results] == [0, 0]
    said = sorted(result.stdout.splitlines() for result in results)
    assert said == [["schema: nothing to do"], UP]


def test_waiting_for_another_migration_ends(empty: str) -> None:
    with closing(psycopg2.connect(empty.replace("+psycopg2", ""))) as other:
        other.cursor().execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))

        with pytest.raises(MigrationError, match=r"another migration has held the lock for 0\.3 s"):
            migrate(empty, wait_seconds=0.3)


def test_a_table_that_another_session_holds_is_not_waited_for(empty: str) -> None:
    migrate(empty)
    with closing(psycopg2.connect(empty.replace("+psycopg2", ""))) as other:
        other.cursor().execute("LOCK TABLE loan IN ACCESS SHARE MODE")

        with pytest.raises(MigrationError, match="SQLSTATE 55P03"):
            migrate(empty, "base")

    # Until the first step that needs the table.
    assert execute(empty, "SELECT version_num FROM alembic_version") == [(REVISIONS[-1],)]


def test_a_schema_of_a_newer_version_is_named(empty: str) -> None:
    migrate(empty)
    execute(empty, "UPDATE alembic_version SET version_num = '9999_later'")

    with pytest.raises(MigrationError, match=r"the schema is not one of this version: .*9999_later"):
        migrate(empty)


def test_a_table_that_is_already_there_is_an_error_without_a_traceback(empty: str) -> None:
    execute(empty, "CREATE TABLE loan ()")

    with pytest.raises(MigrationError, match="SQLSTATE 42P07"):
        migrate(empty)


def test_the_command_prints_what_it_did(
    empty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty)

    main()
    main()

    # Log lines of services that earlier tests built may stand between.
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("schema: ")]
    assert said == [*UP, "schema: nothing to do"]


def test_without_a_database_the_command_reports_this_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql+psycopg2://loan:zz-canary@127.0.0.1:{free_port()}/loans")

    with pytest.raises(SystemExit) as end:
        main()

    assert end.value.code == 2
    assert capsys.readouterr().err == "DATABASE_URL: the database does not answer\n"


def test_importing_the_command_runs_nothing() -> None:
    assert migrations.__name__ == "app.storage.migrate"


def run(database_url: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as a deployment does."""
    return subprocess.run(
        [sys.executable, "-m", "app.storage.migrate"],
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
