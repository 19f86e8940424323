# SPDX-License-Identifier: Apache-2.0
"""A collector that takes everything and keeps nothing, but who sent what."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.cost.variants import COUNTED
from stack.ports import HOST


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # exporters keep their connection
    server: "Sink"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received[self.path] += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


class Sink(ThreadingHTTPServer):
    """The collector; each variant has an address of its own."""

    daemon_threads = True  # their connections are still open at the end

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.received: Counter[str] = Counter()

    def endpoint(self, variant: str) -> str:
        """Give a variant's address."""
        return f"http://{HOST}:{self.server_port}/{variant}"

    def require(self, variant: str) -> None:
        """Raise RuntimeError unless a variant has sent what it is measured for: one that sends nothing is cheap."""
        for signal in COUNTED[variant].exports:
            if not self.received[f"/{variant}/v1/{signal}"]:
                raise RuntimeError(f"{variant} has sent no {signal}")


@contextmanager
def collecting() -> Iterator[Sink]:
    """Answer every export with 200."""
    sink = Sink()
    thread = threading.Thread(target=sink.serve_forever)
    thread.start()
    try:
        yield sink
    finally:
        sink.shutdown()
        thread.join()
        sink.server_close()
