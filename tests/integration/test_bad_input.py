# SPDX-License-Identifier: Apache-2.0
"""Bad input: exact status and code, nothing written, nothing of it repeated; a test shows each row of the table."""

import ast
import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import psycopg2
import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from app.settings import Settings
from app.storage.migrate import migrate
from stack.postgres import Postgres
from stack.site import ROOT
from tests.bad_input.case import Case, Row
from tests.bad_input.check import Books, check
from tests.bad_input.in_process import InProcess
from tests.bad_input.request import CANARY, LOANS, post
from tests.bad_input.table import IN_PROCESS, NAMED, ROWS
from tests.bad_input.world import World, money
from tests.conftest import disposing, execute
from tests.factories import application_body


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> str:
    """Give a database of this module's own: what its cases prepare is kept from one to the next."""
    url = postgres.create("bad_input")
    migrate(url)
    return url


@pytest.fixture(scope="module")
def quiet_settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give the settings of a service without telemetry."""
    folder = str(tmp_path_factory.mktemp("telemetry"))
    environ = {"DATABASE_URL": database_url, "TELEMETRY_DIR": folder, "FAULTS": "true"}
    return replace(Settings.from_env(environ), telemetry_disabled=True)


@pytest.fixture(scope="module")
def world(quiet_settings: Settings) -> Iterator[World]:
    """Give what the cases find, in a service of their own."""
    with disposing(create_app(quiet_settings, publish=lambda _event: None)) as app:
        yield World(InProcess(app))


@pytest.fixture(scope="module")
def books(database_url: str) -> Iterator[Books]:
    """Look at all tables."""
    with closing(Books(database_url)) as books:
        yield books


@pytest.mark.parametrize("case", IN_PROCESS.values(), ids=IN_PROCESS)
def test_bad_input_gets_its_answer(world: World, books: Books, caplog: pytest.LogCaptureFixture, case: Case) -> None:
    with caplog.at_level(logging.DEBUG):
        check(case, world, books, edge=False)

    assert not [record for record in caplog.records if CANARY in str(record.__dict__)]


def test_afterwards_the_books_agree(world: World, books: Books) -> None:
    world.loan("active")

    found = books.reconciled()
    assert found.loans_checked
    assert found.clean, found


def test_a_row_that_is_written_is_seen(world: World, books: Books) -> None:
    before = books.seen()
    world.loan("submitted")

    assert books.seen() != before


def test_a_row_that_is_changed_is_seen(world: World, books: Books, database_url: str) -> None:
    loan = world.kept("submitted")
    before = books.seen()
    execute(database_url, f"UPDATE loan SET decided_by = 'x' WHERE id = '{loan}'")  # noqa: S608  # an id of ours
    after = books.seen()
    execute(database_url, f"UPDATE loan SET decided_by = NULL WHERE id = '{loan}'")  # noqa: S608

    assert after != before
    assert books.seen() == before


def test_every_row_of_the_table_is_there_and_shown_by_something() -> None:
    assert [row.number for row in ROWS] == list(range(1, 111))
    assert not [row.number for row in ROWS if not (row.cases or row.proved_by)]
    assert len(NAMED) == sum(len(row.cases) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_what_differs_from_the_table_has_a_reason(row: Row) -> None:
    ours = {status for case in row.cases for status in (case.status, *(case.edge or ())[:1])}

    assert bool(ours - row.expected) == bool(row.reason)


@pytest.mark.parametrize("name", sorted({name for row in ROWS for name in row.proved_by}))
def test_a_test_that_a_row_points_to_exists(name: str) -> None:
    path, _, function = name.partition("::")
    tree = ast.parse((ROOT / path).read_text())

    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_key_that_is_in_flight_is_refused_in_time(client: FlaskClient, database: str, borrower: str) -> None:
    key = {"client_id": "demo", "key": "in-flight", "fingerprint": "x"}
    statement = "INSERT INTO idempotency_key (client_id, key, fingerprint, created_at) VALUES (%s, %s, %s, now())"
    with closing(psycopg2.connect(database.replace("+psycopg2", ""))) as other, other.cursor() as cursor:
        cursor.execute(statement, tuple(key.values()))  # and not committed: another request is under way
        answer = client.post(LOANS, json=application_body(), headers={"Idempotency-Key": "in-flight"})

    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency_key_in_flight")
    assert answer.headers["Retry-After"] == "1"
    assert borrower
    assert execute(database, "SELECT count(*) FROM loan") == [(0,)]


@pytest.mark.parametrize(("day", "status"), [("2026-03-02", 201), ("2026-03-03", 422)])
def test_the_business_day_is_that_of_utc(quiet_settings: Settings, day: str, status: int) -> None:
    half_past_ten = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)  # in Samoa it is still the first, in Kiribati the third
    with disposing(create_app(quiet_settings, publish=lambda _event: None, clock=lambda: half_past_ten)) as app:
        world = World(InProcess(app))
        answer = world.send(post(f"{LOANS}/{world.loan('active')}/repayments", money(500, day)))

    assert answer.status == status


def test_every_problem_has_the_members_that_clients_rely_on(client: FlaskClient) -> None:
    answer = client.post(LOANS, json=application_body(term_months=0))

    assert answer.json == {
        "type": "about:blank",
        "title": answer.json["title"] if answer.json else "",
        "status": 422,
        "detail": "No loan can have these terms.",
        "instance": LOANS,
        "code": "invalid_terms",
        "errors": [{"pointer": "/term_months", "code": "out_of_range", "message": "1 to 600 months are expected."}],
        "trace_id": None,
    }
