# SPDX-License-Identifier: Apache-2.0
"""A frozen database, whose own time limits don't work, delays a request only for a limited time."""

import os
import signal
import time

import psycopg2
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.storage.transactions import unavailable_by_name
from app.storage.waiting import ANSWER_SECONDS, CONNECT_SECONDS
from tests.api_client import ApiClient
from tests.conftest import execute
from tests.factories import application_body

LOANS = "/api/v1/loans"
SESSIONS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'loan-service'"


@pytest.mark.usefixtures("borrower")
def test_a_frozen_session_is_given_up_and_a_new_one_answers(client: ApiClient, database: str) -> None:
    assert client.post(LOANS, json=application_body()).status_code == 201
    frozen = [int(str(pid)) for (pid,) in execute(database, SESSIONS)]
    assert frozen
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        answer = client.get(LOANS)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)

    assert answer.status_code in {200, 503}
    assert time.monotonic() - began < ANSWER_SECONDS + CONNECT_SECONDS + 1.0
    assert client.get(LOANS).status_code == 200


@pytest.mark.usefixtures("app")  # which bounds the waits of its own connections
def test_connections_of_others_wait_as_long_as_they_like(database: str) -> None:
    connection = psycopg2.connect(database.replace("+psycopg2", ""))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.1)")

        assert cursor.fetchall() == [("",)]
    connection.close()


def test_a_mistake_of_ours_in_sql_is_no_outage(app: Flask) -> None:
    with app.app_context(), pytest.raises(ProgrammingError), unavailable_by_name():
        app.extensions["sqlalchemy"].session.execute(text("SELECT no_such_column"))
