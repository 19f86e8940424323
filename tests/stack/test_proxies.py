# SPDX-License-Identifier: Apache-2.0
"""With HTTP_PROXY and no NO_PROXY nothing that is meant for this machine goes to the proxy."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from stack.backends import Prometheus
from stack.proxies import loopback_is_direct
from stack.runner import Stack
from stack.service_commands import service_environment
from stack.tour.caller import Caller

ASK = "import requests, sys; print(requests.get(sys.argv[1], timeout=10).text)"


class Server(HTTPServer):
    """Answers every request with the same document."""

    def __init__(self, document: bytes) -> None:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_words: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        """Give its address."""
        return f"http://127.0.0.1:{self.server_port}"


def serve(document: bytes) -> Iterator[Server]:
    with Server(document) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve what a backend of this machine would."""
    yield from serve(b'{"data": {"activeTargets": []}}')


@pytest.fixture(autouse=True)
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Name a proxy, as many companies' machines do, without an exception for loopback."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for answering in serve(b'{"data": "by the proxy"}'):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, answering.url)
        yield


def test_an_unprotected_request_goes_to_the_proxy(server: Server) -> None:
    assert "proxy" in requests.get(server.url, timeout=10).text


def test_backends_are_asked_directly(server: Server) -> None:
    assert Prometheus(server.url).targets() == {}


def test_the_tours_caller_asks_directly(server: Server) -> None:
    assert "proxy" not in Caller(server.url).send("GET", "/").text


def test_the_service_reaches_the_collector_directly(server: Server, tmp_path: Path) -> None:
    environment = service_environment(Stack(tmp_path, only=["api"]).site)

    said = subprocess.run([sys.executable, "-c", ASK, server.url], env=environment, capture_output=True, check=True)

    assert b"proxy" not in said.stdout


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": ""}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": "intra.example"}, "intra.example,127.0.0.1,localhost,::1"),
        ({"no_proxy": "a, localhost", "NO_PROXY": "b"}, "a,localhost,b,127.0.0.1,::1"),
    ],
)
def test_the_users_own_exceptions_stay(given: dict[str, str], expected: str) -> None:
    environment = loopback_is_direct({"HTTP_PROXY": os.environ["HTTP_PROXY"], **given})

    assert environment["NO_PROXY"] == environment["no_proxy"] == expected
    assert environment["HTTP_PROXY"] == os.environ["HTTP_PROXY"]  # the internet may need it
