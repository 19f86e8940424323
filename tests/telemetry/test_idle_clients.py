# SPDX-License-Identifier: Apache-2.0
"""Clients that hold a connection and do nothing delay no other client, whatever they have sent before."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple

import pytest
import requests

from stack.ports import HOST
from tests.telemetry.server import Server, serving
from tests.tries import quickest

FEW = {"API_WORKERS": "2", "API_THREADS": "4"}  # threads: the default, as of the stock worker below
IDLE = 200
LARGE = 66_000  # above the service's limit of 64 KiB for a body
MOST_SECONDS = 1.0  # as long as an answer may take beside them
HEAD = "GET /tasks/1 HTTP/1.1\r\nHost: h\r\n"
POST = f"POST /tasks/1 HTTP/1.1\r\nHost: h\r\nContent-Length: {LARGE}\r\n"


class Kind(NamedTuple):
    """What an idle client has sent, how many of them there are, and whether they get an answer."""

    sent: str
    clients: int = IDLE
    answered: bool = True


KINDS = {
    "nothing": Kind("", answered=False),
    "half a request line": Kind("GET /ta", answered=False),
    "half a head": Kind(HEAD, answered=False),
    "a request that ends the connection": Kind(f"{HEAD}Connection: close\r\n\r\n"),
    "a request, and half of the next": Kind(f"{HEAD}\r\n{HEAD}"),
    "a head without its body": Kind(f"{POST}\r\n", 40),
    "a large body that the app does not read": Kind(f"{POST}Connection: close\r\n\r\n{'x' * LARGE}", 10),
    "a large body on a kept connection": Kind(f"{POST}\r\n{'x' * LARGE}", 10),
}
# The stock worker waits for each of these; not for a body that it can discard at once.
BLOCKING = [kind for kind in KINDS if kind != "a large body on a kept connection"]


@contextmanager
def idle_clients(port: int, kind: Kind) -> Iterator[None]:
    """Connect, send, take what comes as an answer, and then neither read nor close until the block ends."""
    with ExitStack() as stack:
        for _ in range(kind.clients):
            client = stack.enter_context(socket.create_connection((HOST, port), timeout=20))
            client.sendall(kind.sent.encode())
            if kind.answered:
                assert client.recv(1 << 16).startswith(b"HTTP/1.1 ")
        yield


def slowest_beside(server: Server, kind: Kind) -> float:
    """Send requests for two seconds, as a probe does, while idle clients are connected; return the longest duration."""
    longest = 0.0
    with idle_clients(server.port, kind):
        end = time.monotonic() + 2
        while time.monotonic() < end and longest < MOST_SECONDS:
            began = time.monotonic()
            with suppress(requests.ReadTimeout):
                assert requests.get(f"{server.base}/tasks/2", timeout=2).status_code == 200
            longest = max(longest, time.monotonic() - began)
    return longest


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("polled"), **FEW) as running:
        yield running


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run Gunicorn's own threaded worker; one, since of two the other may be free by chance."""
    options = "--worker-class gthread"
    with serving(tmp_path_factory.mktemp("stock"), GUNICORN_CMD_ARGS=options, API_WORKERS="1") as running:
        yield running


@pytest.mark.parametrize("kind", KINDS)
def test_idle_clients_delay_no_request(server: Server, kind: str) -> None:
    assert quickest(lambda: slowest_beside(server, KINDS[kind]), MOST_SECONDS) < MOST_SECONDS


@pytest.mark.parametrize("kind", BLOCKING)
def test_a_few_of_them_stop_the_stock_worker(stock: Server, kind: str) -> None:
    few = KINDS[kind]._replace(clients=12, answered=False)

    assert slowest_beside(stock, few) >= MOST_SECONDS
