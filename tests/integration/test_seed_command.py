# SPDX-License-Identifier: Apache-2.0
"""flask seed: its output, its refusals, and its exit codes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app.domain.status import LoanStatus
from app.settings import Environment, Settings
from app.storage.commands import register_commands, seed
from app.storage.seed.load import session
from app.storage.seed.overview import overview
from app.storage.seed.portfolio import Portfolio
from stack.ports import free_port
from stack.postgres import Postgres
from tests.conftest import execute

Seed = Callable[..., Result]


@pytest.fixture
def run(settings: Settings) -> Seed:
    """Run the command on a database with empty tables."""

    def run(*words: str, **changed: object) -> Result:
        app = Flask("seeded")
        register_commands(app, replace(settings, **changed))  # type: ignore[arg-type]
        return CliRunner().invoke(app.cli, ["seed", *words])

    return run


def test_the_command_prints_what_there_is(run: Seed, database: str) -> None:
    first = run("--loans", "30", "--as-of", "2026-11-24")
    more = run("--loans", "40", "--as-of", "2026-11-24")
    again = run("--loans", "40", "--as-of", "2026-11-24")

    assert (first.exit_code, more.exit_code, again.exit_code) == (0, 0, 0)
    assert "Seed 1 of client demo as of 2026-11-24: 30 loans" in first.output
    assert "30 of them are there, 10 are missing." in more.output
    assert "10 loan," in more.output
    assert "Nothing to do: all of them are there." in again.output
    shown = {line.rpartition(" ")[0].strip(): int(line.split()[-1]) for line in again.output.splitlines()[2:]}
    with session(database) as connection:
        assert shown == overview(connection, Portfolio("demo", 1, date(2026, 11, 24)))
    assert sum(shown[status] for status in LoanStatus) == 40


def test_the_command_can_be_stopped(run: Seed, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> dict[str, int]:
        raise KeyboardInterrupt

    monkeypatch.setattr(seed, "load", interrupted)

    result = run("--loans", "10")

    assert result.exit_code == 130
    assert "Stopped after 0 of 10 loans; the same command goes on from there." in result.output


def test_outside_dev_it_must_be_forced(run: Seed, database: str) -> None:
    refused = run("--loans", "1", environment=Environment.STAGING)
    untouched = execute(database, "SELECT count(*) FROM loan")
    forced = run("--loans", "1", "--force", environment=Environment.STAGING)

    assert (refused.exit_code, forced.exit_code, untouched) == (2, 0, [(0,)])
    assert refused.output == "Error: APP_ENV is staging: made-up loans belong among real ones only with --force\n"


def test_two_at_once_are_refused(run: Seed, database: str) -> None:
    with session(database):
        result = run("--loans", "1")

    assert (result.exit_code, result.output) == (2, "Error: another seed is at work in this database\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--loans", "0"], "--loans"),
        (["--loans", "1000000"], "--loans"),
        (["--seed", "-1"], "--seed"),
        (["--client", "Demo Ltd"], "--client"),
        (["--as-of", "2026-02-30"], "--as-of"),
        # Read before the first test runs: midnight may come, and the day after tomorrow is still in the future.
        (["--as-of", (datetime.now(UTC).date() + timedelta(2)).isoformat()], "--as-of"),
    ],
)
def test_a_wrong_option_is_named(run: Seed, words: list[str], said: str) -> None:
    result = run(*words)

    assert result.exit_code == 2
    assert said in result.output


def test_without_a_schema_it_prints_how_to_get_one(postgres: Postgres, run: Seed) -> None:
    result = run("--loans", "1", database_url=postgres.url())

    assert result.exit_code == 2
    assert result.output == (
        "Error: DATABASE_URL: the schema is not up to date; python -m app.storage.migrate brings it up\n"
    )


def test_without_a_database_it_reports_this(run: Seed) -> None:
    result = run("--loans", "1", database_url=f"postgresql+psycopg2://u:zz-canary@127.0.0.1:{free_port()}/loans")

    assert (result.exit_code, result.output) == (2, "Error: DATABASE_URL: the database does not answer\n")
