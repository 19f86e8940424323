# SPDX-License-Identifier: Apache-2.0
"""What the collector's answers mean for a batch of spans."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.trace import SpanKind

from app.telemetry.spans.delivery import CollectorDelivery
from app.telemetry.spans.encoding import RequestEncoder, encode_span
from app.telemetry.spans.queue import Answer
from app.telemetry.spans.record import SpanRecord, Template
from stack.ports import HOST, free_port

SPAN = encode_span(SpanRecord(Template("GET /loans", SpanKind.SERVER, {}), 1, 2, 0, 3, 4, {}))


def delivery(port: int, timeout_seconds: float = 10.0) -> CollectorDelivery:
    """Send to a port, with time for whoever answers on a busy machine."""
    return CollectorDelivery(RequestEncoder({}, "loan-service"), f"http://{HOST}:{port}/", timeout_seconds)


@pytest.fixture
def answering(request: pytest.FixtureRequest) -> Iterator[int]:
    """Answer every export with a status."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(request.param)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("answering", "answer"),
    [
        (200, Answer.DELIVERED),
        (400, Answer.REFUSED),
        (401, Answer.REFUSED),
        (404, Answer.REFUSED),
        (413, Answer.REFUSED),
        (500, Answer.REFUSED),
        (429, Answer.NONE),
        (502, Answer.NONE),
        (503, Answer.NONE),
        (504, Answer.NONE),
    ],
    indirect=["answering"],
)
def test_only_what_may_be_sent_again_is_no_answer(answering: int, answer: Answer) -> None:
    assert delivery(answering)([SPAN]) is answer


def test_nobody_there_is_no_answer() -> None:
    assert delivery(free_port())([SPAN]) is Answer.NONE


def test_somebody_who_never_answers_is_no_answer() -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()

        assert delivery(listener.getsockname()[1], timeout_seconds=0.3)([SPAN]) is Answer.NONE
