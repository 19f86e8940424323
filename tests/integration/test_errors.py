# SPDX-License-Identifier: Apache-2.0
"""Unhandled exceptions and outages of the database: the answers, and the log lines."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg2
import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.exceptions import HTTPException

from app.domain.events import DomainEvent
from app.factory import create_app
from app.settings import Settings
from app.storage.database import db
from app.storage.migrate import migrate
from app.storage.transactions import SqlTransactions
from app.storage.waiting import BoundedConnection
from stack.ports import free_port
from stack.postgres import Postgres
from tests.api_client import client_of
from tests.conftest import execute
from tests.factories import application_body, loan_id

LOANS = "/api/v1/loans"
CANARY = "zz-canary-7391"


def test_a_mistake_of_ours_is_answered_and_logged_once(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    @app.get("/mistake")
    def mistake() -> str:
        raise ZeroDivisionError(CANARY)

    answer = app.test_client().get("/mistake")

    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["code"] == "internal_error"
    assert CANARY not in answer.text
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR and record.exc_info]
    assert record.getMessage() == "unhandled_exception"
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize(("status", "code"), [(414, "request_uri_too_long"), (500, "internal_error")])
def test_what_flask_refuses_is_a_problem_too(app: Flask, status: int, code: str) -> None:
    @app.get("/refused")
    def refused() -> str:
        abort(status)

    answer = app.test_client().get("/refused")

    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["code"] == code


def test_an_http_exception_without_a_status_is_a_mistake_of_ours(app: Flask) -> None:
    @app.get("/odd")
    def odd() -> str:
        error = HTTPException()
        error.code = 0
        raise error

    assert app.test_client().get("/odd").status_code == 500


def test_a_listener_that_fails_does_not_fail_the_request(
    settings: Settings, database: str, borrower: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_event: DomainEvent) -> None:
        raise RuntimeError("no telemetry today")

    answer = client_of(create_app(settings, publish=fail), "officer").post(
        LOANS, json=application_body(borrower_id=borrower)
    )

    assert answer.status_code == 201
    assert execute(database, "SELECT count(*) FROM loan") == [(1,)]
    assert "event_listener_failed" in caplog.messages


def test_a_held_lock_is_answered_with_503_within_its_limit(
    client: FlaskClient, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    with locked(database):
        answer = client.get(f"{LOANS}/{loan_id(1)}")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json is not None
    assert answer.json["code"] == "storage_unavailable"
    [warning] = [record for record in caplog.records if record.getMessage() == "storage_unavailable"]
    assert warning.__dict__["db.response.status_code"] == "55P03"


def test_a_statement_that_takes_too_long_is_answered_with_503(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # After a pause of the machine both limits are over, the server's and ours; here the server's is the one to be seen.
    monkeypatch.setattr(BoundedConnection, "answer_seconds", 30.0)

    @app.get("/slow")
    def slow() -> str:
        with SqlTransactions(db.session, lambda _event: None)():
            db.session.execute(text("SELECT pg_sleep(60)"))
        return ""

    answer = client.get("/slow")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json is not None
    assert answer.json["code"] == "storage_unavailable"
    [warning] = [record for record in caplog.records if record.getMessage() == "storage_unavailable"]
    assert warning.__dict__["db.response.status_code"] == "57014"


def test_a_session_that_is_killed_is_answered_with_503_and_the_next_request_succeeds(
    client: FlaskClient, database: str, borrower: str
) -> None:
    assert client.post(LOANS, json=application_body(borrower_id=borrower)).status_code == 201
    execute(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'loan-service'")

    assert client.get(LOANS).status_code == 200


def test_a_pool_that_is_used_up_is_answered_with_503(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
        held = [engine.connect() for _ in range(engine.pool.size())]
    try:
        answer = client.get(LOANS)
    finally:
        for connection in held:
            connection.close()

    assert answer.status_code == 503


def test_without_a_database_everything_but_livez_fails(settings: Settings) -> None:
    nowhere = f"postgresql+psycopg2://loan:{CANARY}@127.0.0.1:{free_port()}/loans"
    client = client_of(create_app(replace(settings, database_url=nowhere)), "officer")

    answers = {path: client.get(path) for path in ("/livez", "/readyz", "/health", LOANS)}

    assert {path: answer.status_code for path, answer in answers.items()} == {
        "/livez": 200,
        "/readyz": 503,
        "/health": 503,
        LOANS: 503,
    }
    assert answers["/health"].json == {"status": "unhealthy"}
    assert all(CANARY not in answer.text for answer in answers.values())


def test_after_a_crash_of_the_database_the_same_process_is_well_again_within_five_seconds(settings: Settings) -> None:
    with Postgres.temporary() as server:
        url = server.create("loans")
        migrate(url)
        execute(url, "CHECKPOINT")  # this server is quick, not durable: a crash would lose the tables
        client = client_of(create_app(replace(settings, database_url=url)), "officer")
        before = [client.get(path).status_code for path in ("/health", LOANS)]

        server.kill()
        away = [client.get(path).status_code for path in ("/health", LOANS)]
        server.start()
        began = time.monotonic()
        after = [client.get(path).status_code for path in ("/health", LOANS)]
        took = time.monotonic() - began

    assert (before, away, after) == ([200, 200], [503, 503], [200, 200])
    assert took < 5.0


@contextmanager
def locked(database_url: str) -> Iterator[None]:
    """Hold the loans' table in another session."""
    connection = psycopg2.connect(database_url.replace("+psycopg2", ""))
    try:
        connection.cursor().execute("LOCK TABLE loan IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        connection.close()
