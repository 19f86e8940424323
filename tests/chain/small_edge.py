# SPDX-License-Identifier: Apache-2.0
"""An Nginx for one test, with our configuration, changed by the test, in front of a service of a few lines."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from stack import nginx
from stack.addresses import Addresses
from stack.polling import poll
from stack.ports import HOST, Port, free_port
from stack.process import Child
from stack.readiness import status_of
from stack.site import Site

FILES = ("nginx/nginx.conf", "docs/runbooks")
START_SECONDS = 20.0  # it takes a tenth of one; a busy runner may be slow
# Longer than what a request may take here: a lost answer fails the test, it doesn't hang.
ANSWER_SECONDS = 15.0
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
MEMBERS = ["code", "detail", "errors", "instance", "status", "title", "trace_id", "type"]


@dataclass(frozen=True)
class Answer:
    """An answer of Nginx or of the service."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """Read the body as a JSON object."""
        document = json.loads(self.body)
        assert isinstance(document, dict), document
        return document


def send(port: int, request: str) -> Answer:
    """Send text as it is, right or wrong, and read one answer."""
    with socket.create_connection((HOST, port), ANSWER_SECONDS) as connection:
        connection.sendall(request.encode("latin-1"))
        with closing(http.client.HTTPResponse(connection)) as response:
            response.begin()
            return Answer(response.status, response.headers, response.read())


def get(port: int, path: str, **headers: str) -> Answer:
    """Request a page; an underscore in a header's name stands for a hyphen."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    return send(port, f"GET {path} HTTP/1.1\r\nHost: loans.example\r\nConnection: close\r\n{''.join(lines)}\r\n")


def require_problem(answer: Answer, status: int, code: str, kind: str = "about:blank") -> None:
    """Check that an answer is a problem document in the service's form."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer
    document = answer.document
    assert sorted(document) == MEMBERS
    assert (document["status"], document["code"], document["type"]) == (status, code, kind)
    assert document["title"]
    assert document["detail"]
    assert (document["instance"], document["errors"]) == (None, [])


class TinyService(BaseHTTPRequestHandler):
    """Answers with the headers that it was sent; two paths are for trouble."""

    def do_GET(self) -> None:
        """Answer late, break off, or echo the request's headers."""
        if self.path == "/late":
            self.server.stopping.wait(ANSWER_SECONDS)  # type: ignore[attr-defined]
        with suppress(ConnectionError):  # in both cases Nginx doesn't wait for the end
            self._tell()

    def _tell(self) -> None:
        self.send_response(http.HTTPStatus.OK)
        self.send_header("traceresponse", f"00-{TRACE_ID}-b7ad6b7169203331-01")
        if self.path == "/breaks-off":
            self.send_header("X-Longer-Than-Any-Buffer", "x" * 70_000)
        self.end_headers()
        self.wfile.write(json.dumps([[name.lower(), value] for name, value in self.headers.items()]).encode())

    def log_message(self, *_: object) -> None:
        """Write nothing: the output belongs to the test."""


@contextmanager
def tiny_service() -> Iterator[int]:
    """Serve on a free port; gives its number."""
    with ThreadingHTTPServer((HOST, 0), TinyService) as server:
        server.stopping = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.stopping.set()  # type: ignore[attr-defined]
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Edge:
    """A running Nginx."""

    port: int
    site: Site

    def log_lines(self) -> list[dict[str, Any]]:
        """Read the access log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    @property
    def log(self) -> Path:
        """Give the access log that the collector reads."""
        return self.site.log_dir / "nginx-access.jsonl"


@contextmanager
def small_edge(
    run_dir: Path, service: int, changes: dict[str, str] | None = None, env: dict[str, str] | None = None
) -> Iterator[Edge]:
    """Run Nginx before a service on that port; `changes` has new texts for old ones, each of which must be there."""
    ports = {Port("nginx", "http", 80): free_port(), Port("nginx", "status", 8081, first=False): free_port()}
    site = Site(run_dir, Addresses({**ports, Port("api", "http", 8000): service}), settings={})
    site.prepare()
    site.write_config("nginx", FILES, lambda text: _changed(text, changes or {}))
    nginx.install(print)
    command = nginx.command(site)
    server = Child(replace(command, env={**command.env, **(env or {})}))
    try:
        poll(lambda: status_of(site.port("nginx", "status"), "/stub_status"), START_SECONDS, "Nginx")
        yield Edge(site.port("nginx"), site)
        assert server.poll() is None, server.tail()
    finally:
        server.stop()


def _changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text
