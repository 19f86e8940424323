# SPDX-License-Identifier: Apache-2.0
"""What the collector's answers mean for a batch of spans."""

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.trace import SpanKind

from app.telemetry_light.delivery import Answer, CollectorDelivery
from app.telemetry_light.encoding import RequestEncoder, encode_span
from app.telemetry_light.record import SpanRecord, Template
from stack.ports import HOST, free_port

SPAN = encode_span(SpanRecord(Template("GET /loans", SpanKind.SERVER, {}), 1, 2, 0, 3, 4, {}))


Build = Callable[..., CollectorDelivery]


@pytest.fixture
def delivery(monkeypatch: pytest.MonkeyPatch) -> Build:
    """Send to a port, with time for an answer on a busy machine."""

    def build(port: int, timeout_seconds: float = 10.0) -> CollectorDelivery:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{HOST}:{port}/")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", str(timeout_seconds))
        return CollectorDelivery(RequestEncoder({}, "loan-service"))

    return build


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
        (400, Answer.REJECTED),
        (401, Answer.REJECTED),
        (404, Answer.REJECTED),
        (413, Answer.REJECTED),
        (500, Answer.REJECTED),
        (429, Answer.RETRYABLE),
        (502, Answer.RETRYABLE),
        (503, Answer.RETRYABLE),
        (504, Answer.RETRYABLE),
    ],
    indirect=["answering"],
)
def test_only_what_may_be_sent_again_is_retryable(delivery: Build, answering: int, answer: Answer) -> None:
    assert delivery(answering)([SPAN]) is answer


def test_a_closed_port_is_retryable_and_logged_by_its_error(delivery: Build, caplog: pytest.LogCaptureFixture) -> None:
    assert delivery(free_port())([SPAN]) is Answer.RETRYABLE

    [record] = [each for each in caplog.records if each.msg == "telemetry_export_failing"]
    assert record.levelname == "ERROR"
    assert (record.__dict__["signal"], record.__dict__["error.type"]) == ("traces", "ConnectionError")


def test_a_server_that_never_answers_is_retryable(delivery: Build) -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()

        assert delivery(listener.getsockname()[1], timeout_seconds=0.3)([SPAN]) is Answer.RETRYABLE
