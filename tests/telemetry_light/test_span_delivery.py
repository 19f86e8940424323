# SPDX-License-Identifier: Apache-2.0
"""What the collector's answers mean for a batch of spans."""

import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import requests
from opentelemetry.trace import SpanKind

from app.telemetry_light.delivery import Answer, CollectorDelivery
from app.telemetry_light.encoding import RequestEncoder, encode_span
from app.telemetry_light.record import SpanRecord, Template
from stack.ports import HOST, free_port
from tests.telemetry.otlp_sink import serving_otlp

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
    with serving_otlp() as sink:
        sink.status = request.param
        yield urlsplit(sink.endpoint).port or 0


@pytest.mark.parametrize(
    ("answering", "answer"),
    [
        (200, Answer.DELIVERED),
        (202, Answer.DELIVERED),
        (301, Answer.REJECTED),
        (302, Answer.REJECTED),
        (308, Answer.REJECTED),
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


@pytest.mark.parametrize("answering", [400], indirect=True)
def test_a_failure_is_logged_once_a_minute_with_its_kind(
    delivery: Build, answering: int, caplog: pytest.LogCaptureFixture
) -> None:
    deliver = delivery(answering)

    deliver([SPAN])
    deliver([SPAN])

    [record] = caplog.records
    assert (record.levelname, record.getMessage()) == ("ERROR", "telemetry_export_failing")
    assert (record.__dict__["signal"], record.__dict__["error.type"]) == ("traces", "400")


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_the_header_names_how_it_is_compressed(monkeypatch: pytest.MonkeyPatch, compression: str) -> None:
    with serving_otlp() as sink:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "10")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
        encoder = RequestEncoder({}, "loan-service")
        assert CollectorDelivery(encoder)([SPAN]) is Answer.DELIVERED

    [export] = sink.exports  # decompressed as its header says
    assert export.headers.get("content-encoding") == (None if compression == "none" else compression)
    assert export.body == encoder.encode([SPAN])


@pytest.mark.parametrize(("key", "certificate"), [("", "client.pem"), ("client.key", ("client.pem", "client.key"))])
def test_a_client_certificate_that_cannot_be_read_is_no_answer(
    delivery: Build, monkeypatch: pytest.MonkeyPatch, key: str, certificate: object
) -> None:
    shown: list[object] = []

    def post(session: requests.Session, *_arguments: object, **_more: object) -> requests.Response:
        shown.append(session.cert)
        raise OSError("no such file")

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "client.pem")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_KEY", key)
    monkeypatch.setattr(requests.Session, "post", post)

    assert delivery(free_port())([SPAN]) is Answer.RETRYABLE
    assert shown == [certificate]
