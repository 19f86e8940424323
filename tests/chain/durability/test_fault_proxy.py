# SPDX-License-Identifier: Apache-2.0
"""The proxy passes on what it gets, and delays or resets the requests that it is configured to."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from stack.ports import HOST
from tests.chain.durability.fault_proxy import FaultProxy

BODY = b"x" * 300_000  # several chunks


class Server(ThreadingHTTPServer):
    """Counts the requests that it has read; what becomes of the answers is not its concern."""

    served = 0

    def handle_error(self, *_connection: object) -> None:
        """Keep silent."""


class Echo(BaseHTTPRequestHandler):
    """Answers with the body of the request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Server)
        self.server.served += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep silent."""


@pytest.fixture
def target() -> Iterator[Server]:
    with Server((HOST, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(target: Server) -> Iterator[FaultProxy]:
    with FaultProxy(target.server_port) as proxy:
        yield proxy


def post(proxy: FaultProxy) -> bytes:
    with requests.Session() as session:
        return session.post(f"http://{HOST}:{proxy.port}/", data=BODY, timeout=10).content


def test_bodies_arrive_whole_and_late(proxy: FaultProxy) -> None:
    proxy.network.delay_seconds, proxy.network.jitter_seconds = 0.3, 0.1
    began = time.monotonic()

    assert post(proxy) == BODY
    assert time.monotonic() - began > 0.2
    assert (proxy.network.requests, proxy.network.answered, proxy.network.resets) == (1, 1, 0)


def test_every_second_reset_loses_only_the_answer(proxy: FaultProxy, target: Server) -> None:
    with proxy.refusing():
        for _ in range(2):
            with pytest.raises(requests.ConnectionError):
                post(proxy)

    assert post(proxy) == BODY
    assert target.served == 2
    assert (proxy.network.requests, proxy.network.answered, proxy.network.resets) == (3, 1, 2)
