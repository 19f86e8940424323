# SPDX-License-Identifier: Apache-2.0
"""What a real Gunicorn sends, byte by byte, is the same with telemetry and without."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from app.settings import TelemetryPipeline
from stack.polling import poll
from stack.ports import HOST
from tests.telemetry.edges import CASES, OURS, TIMED, TWICE, Case, ask, without
from tests.telemetry.server import Server

# Werkzeug lists the methods of Allow as they come out of a set.
ONE = {"API_WORKERS": "1", "API_THREADS": "4", "PYTHONHASHSEED": "0"}
REFUSED = [
    b"NO VERSION\r\n\r\n",
    b"get /text HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"GET /text HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\nConnection: close\r\n\r\n",
    b"GET /text\xff HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"GET /text HTTP/1.1\r\nHost: h\r\nX-\x00: x\r\nConnection: close\r\n\r\n",
]


def listens(server: Server) -> bool:
    """Return whether a server takes connections; a bare one has no /metrics."""
    assert server.child.poll() is None, server.child.tail()
    try:
        socket.create_connection((HOST, server.port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """Run a server without telemetry, and one with each pipeline."""
    environs = {"bare": {"BARE": "1"}} | {str(each): {"TELEMETRY_PIPELINE": each.value} for each in TelemetryPipeline}
    with ExitStack() as stops:
        running = {}
        for name, environ in environs.items():
            running[name] = Server(tmp_path_factory.mktemp("g"), "edges_target", **ONE, **environ)
            stops.callback(running[name].child.stop)
        for server in running.values():
            poll(lambda server=server: listens(server), 30, "a Gunicorn")  # type: ignore[misc]
        yield running


@pytest.mark.parametrize("case", [*CASES, TWICE], ids=lambda case: case.name)
def test_the_bytes_on_the_wire_are_the_same(servers: dict[str, Server], case: Case) -> None:
    answers = {name: ask(server.port, case.raw) for name, server in servers.items()}

    bare = without(answers.pop("bare"), TIMED)
    assert bare.startswith(b"HTTP/1.1 ")
    for answer in answers.values():
        assert without(answer, (*TIMED, *OURS)) == bare
        assert b"\r\ntraceresponse: 00-" in answer


@pytest.mark.parametrize("raw", REFUSED)
def test_what_gunicorn_refuses_is_refused_alike(servers: dict[str, Server], raw: bytes) -> None:
    answers = {without(ask(server.port, raw), TIMED) for server in servers.values()}

    [answer] = answers
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_early_hints_are_sent_before_the_answer(servers: dict[str, Server]) -> None:
    for server in servers.values():
        hints, _, rest = ask(server.port, Case("/hints").raw).partition(b"\r\n\r\n")

        assert hints.splitlines() == [b"HTTP/1.1 103 Early Hints", b"Link: </style.css>; rel=preload"]
        assert rest.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_connection_that_is_kept_gets_its_answers_in_order(servers: dict[str, Server]) -> None:
    pipelined = b"".join(
        Case(f"/names/{number}", headers={"Connection": "keep-alive" if number < 9 else "close"}).raw
        for number in range(10)
    )

    for server in servers.values():
        answers = ask(server.port, pipelined).split(b"HTTP/1.1 200 OK")[1:]

        assert [answer[-1:] for answer in answers] == [str(number).encode() for number in range(10)]


def test_a_field_too_many_is_noticed() -> None:
    answer = b"HTTP/1.1 200 OK\r\nDate: now\r\ntraceresponse: 00-1-2-03\r\nX-More: 1\r\n\r\ntraceresponse: body"

    assert without(answer, (*TIMED, *OURS)) == b"HTTP/1.1 200 OK\r\nX-More: 1\r\n\r\ntraceresponse: body"
