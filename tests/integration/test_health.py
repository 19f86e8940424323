# SPDX-License-Identifier: Apache-2.0
"""The three probes of the service's health, and their time limits."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from app.settings import Settings
from app.storage.ping import Ping
from stack.ports import free_port
from tests.tries import quickest


def test_with_its_database_the_service_is_well(client: FlaskClient) -> None:
    answers = {path: client.get(path) for path in ("/livez", "/readyz", "/health")}

    assert {path: (answer.status_code, answer.json) for path, answer in answers.items()} == {
        "/livez": (200, {"status": "alive"}),
        "/readyz": (200, {"status": "ready"}),
        "/health": (200, {"status": "healthy"}),
    }


@pytest.mark.parametrize("debug", [True, False])
def test_the_answer_is_the_same_text_in_every_environment(settings: Settings, debug: bool) -> None:
    answer = create_app(replace(settings, debug=debug)).test_client().get("/health")

    assert answer.text == '{"status":"healthy"}\n'


def test_a_database_that_accepts_and_never_answers_is_given_up_in_time(silent_server: str) -> None:
    def ask_twice() -> float:
        ping = Ping(silent_server, limit_seconds=0.3)
        began = time.monotonic()
        assert (ping(), ping()) == (False, False)
        return time.monotonic() - began

    assert quickest(ask_twice, 1.9) < 1.9  # without the limit they wait for the connection, which is given up after 2 s


def test_a_refused_connection_is_reported_at_once() -> None:
    ping = Ping(f"postgresql+psycopg2://loan:loan@127.0.0.1:{free_port()}/loans", limit_seconds=5.0)
    began = time.monotonic()

    assert not ping()
    assert time.monotonic() - began < 2.0


def test_waiting_for_an_earlier_question_counts_towards_the_limit(silent_server: str) -> None:
    def ask_again() -> float:
        ping = Ping(silent_server, limit_seconds=1.2)
        ping()  # its thread goes on until connecting takes too long (2 s), in the middle of the next question
        began = time.monotonic()
        assert not ping()
        return time.monotonic() - began

    assert quickest(ask_again, 1.6) < 1.6  # else 0.8 s for the thread's end, and then 1.2 s


def test_after_an_answer_the_next_question_can_be_asked(database: str) -> None:
    ping = Ping(database, limit_seconds=2.0)

    assert [ping() for _ in range(3)] == [True, True, True]


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Listen like a server whose machine hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"postgresql+psycopg2://loan:loan@127.0.0.1:{server.getsockname()[1]}/loans"
