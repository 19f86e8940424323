# SPDX-License-Identifier: Apache-2.0
"""flask check-ledger: a line an invariant, and an end that a script can use."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app.settings import Settings
from app.storage.commands import register_commands
from app.storage.seed.copying import render
from app.storage.seed.load import copy_in, session
from stack.ports import free_port
from stack.postgres import Postgres
from tests.conftest import execute
from tests.ledger_books import LOANS, histories

Check = Callable[..., Result]
ACTIVE, LOST = LOANS["active"], LOANS["lost"]


@pytest.fixture
def books(database: str) -> str:
    """Give the URL of a database with five loans whose books are right."""
    with session(database) as connection:
        copy_in(connection, render(histories()))
    return database


@pytest.fixture
def check(settings: Settings, books: str) -> Check:
    """Run the command on that database."""
    assert settings.database_url == books

    def check(*words: str, **changed: object) -> Result:
        app = Flask("checked")
        register_commands(app, replace(settings, **changed))  # type: ignore[arg-type]
        return CliRunner().invoke(app.cli, ["check-ledger", *words])

    return check


def test_right_books_end_with_zero_and_ten_times_ok(check: Check) -> None:
    result = check()

    *lines, last = result.output.splitlines()
    assert result.exit_code == 0
    assert [line.split()[:2] for line in lines] == [[f"I{number}", "ok"] for number in range(1, 11)]
    assert last.startswith("5 loans in ")
    assert last.endswith(": everything holds")


def test_wrong_books_end_with_one_and_the_loans(check: Check, books: str) -> None:
    execute(books, "UPDATE loan SET next_due_on = '2026-02-06' WHERE status = 'active'")
    execute(books, "UPDATE loan SET last_seq = last_seq + 1 WHERE status IN ('active', 'charged_off')")

    result = check()

    assert result.exit_code == 1
    assert "I6  ok " in result.output
    assert "I7  1 violation  " in result.output
    assert "I10 2 violations " in result.output
    assert f"e.g. {ACTIVE} {LOST}\n" in result.output
    assert result.output.endswith(": not everything holds\n")


def test_a_difference_between_debits_and_credits_is_reported_in_money(check: Check, books: str) -> None:
    spoilt = "UPDATE ledger_entry SET amount_minor = amount_minor + 7 WHERE account = 'charge_off_expense'"
    execute(books, f"SET session_replication_role = replica; {spoilt}")

    result = check()

    assert result.exit_code == 1
    assert "debits and credits differ by 7 minor units of EUR\n" in result.output
    assert "of JPY" not in result.output


def test_only_some_loans(check: Check, books: str) -> None:
    execute(books, "UPDATE loan SET last_seq = last_seq + 1 WHERE status = 'active'")

    others = check("--loan", str(LOST), "--loan", str(LOANS["paid"]))
    newer = check("--since", "2026-09-01")
    all_of_them = check("--since", "2026-01-01")

    assert (others.exit_code, newer.exit_code, all_of_them.exit_code) == (0, 0, 1)
    assert others.output.splitlines()[-1].startswith("2 loans ")
    assert newer.output.splitlines()[-1].startswith("1 loans ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "2026-02-30"], "--since"),
        (["--loan", "7"], "--loan"),
        (["--since", "2026-01-01", "--loan", str(ACTIVE)], "either --since or --loan"),
        (["--loan", "00000000-0000-0000-0000-00000000dead"], "--loan: ids of loans that are there are expected"),
    ],
)
def test_a_wrong_option_ends_with_two(check: Check, words: list[str], said: str) -> None:
    result = check(*words)

    assert result.exit_code == 2
    assert said in result.output


def test_without_a_schema_or_a_database_it_ends_with_two(check: Check, postgres: Postgres) -> None:
    bare = check(database_url=postgres.url())
    gone = check(database_url=f"postgresql+psycopg2://u:zz-canary@127.0.0.1:{free_port()}/loans")

    assert (bare.exit_code, gone.exit_code) == (2, 2)
    assert bare.output.startswith("Error: DATABASE_URL: the schema is not up to date")
    assert gone.output == "Error: DATABASE_URL: the database does not answer\n"


def test_trouble_in_the_database_is_reported_by_its_code(check: Check, books: str) -> None:
    execute(books, "CREATE ROLE outsider LOGIN PASSWORD 'outsider'")
    try:
        result = check(database_url=books.replace("loan:loan@", "outsider:outsider@"))
    finally:
        execute(books, "DROP ROLE outsider")

    assert (result.exit_code, result.output) == (2, "Error: DATABASE_URL: SQLSTATE 42501\n")


def test_its_help_describes_how_it_ends(check: Check) -> None:
    assert "Ends with 0 when everything holds, 1 when something does not" in check("--help").output
