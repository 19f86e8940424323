# SPDX-License-Identifier: Apache-2.0
"""Pushing to a collector, and what is lost when it refuses, hangs or is too slow."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app import telemetry
from app.factory import set_up_telemetry
from app.settings import Settings
from stack.polling import poll
from stack.ports import HOST, free_port
from tests.telemetry.conftest import Lines, add_routes
from tests.telemetry.otlp_sink import Sink, attributes, serving_otlp

TIMEOUT_SECONDS = 0.6  # the longest wait at the end, for exports whose collector has ended
# Enough for a collector's answer on a busy machine; a longer wait means that there was no answer.
LONG_TIMEOUT_SECONDS = 5.0
QUEUE, BATCH, SPANS = 200, 100, 600


@pytest.fixture
def collector() -> Iterator[Sink]:
    with serving_otlp() as sink:
        sink.endpoint += "/"  # as people write it
        yield sink
    assert {export.headers["content-encoding"] for export in sink.exports} == {"gzip"}


def attributes_of(collector: Sink, name: str) -> list[dict[str, Any]]:
    """Return the attributes of each data point in the newest export of a metric."""
    return [attributes(point.attributes) for point in collector.metrics(name)[-1].points]


def pushing(settings: Settings, endpoint: str, timeout_seconds: float = TIMEOUT_SECONDS, /, **more: str) -> Flask:
    """Set up an app that pushes only when it is flushed."""
    app = Flask("loans")
    otel = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_TIMEOUT": str(timeout_seconds),
        "OTEL_METRIC_EXPORT_INTERVAL": "600000",
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
    }
    set_up_telemetry(app, replace(settings, otel=otel | more))
    add_routes(app)
    return app


@pytest.mark.usefixtures("clean_process")
def test_the_end_of_a_worker_delivers_what_it_had(settings: Settings, collector: Sink) -> None:
    client = pushing(settings, collector.endpoint, LONG_TIMEOUT_SECONDS).test_client()
    for number in range(300):
        client.get(f"/loans/{number}")

    began = time.monotonic()
    telemetry.shut_down(5)

    assert [each.span.name for each in collector.spans()] == ["GET /loans/<int:number>"] * 300
    assert "http.server.request.duration" in collector.metric_names()
    assert time.monotonic() - began < 4  # waiting in vain would take all of the 5 s


@pytest.mark.usefixtures("clean_process")
def test_joining_sends_the_zeros_at_once(settings: Settings, collector: Sink) -> None:
    pushing(settings, collector.endpoint, LONG_TIMEOUT_SECONDS)
    settings.telemetry_dir.mkdir()

    telemetry.join_workers()

    poll(lambda: "loan.applications" in collector.metric_names(), 20, "the zeros")
    assert {"loan.currency": "EUR"} in attributes_of(collector, "loan.applications")
    assert {"error.type": "queue_full"} in attributes_of(collector, "otel.sdk.processor.span.processed")
    assert {"error.type": "export_failed"} in attributes_of(collector, "otel.sdk.exporter.span.exported")
    assert "otel.sdk.processor.span.queue.size" in collector.metric_names()


@pytest.mark.usefixtures("clean_process")
def test_without_an_endpoint_nothing_is_pushed_and_traces_still_have_ids(settings: Settings) -> None:
    app = Flask("loans")
    set_up_telemetry(app, settings)
    add_routes(app)

    answer = app.test_client().get("/loans/1")

    assert len(answer.get_json()["trace_id"]) == 32
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("Otel")] == []


@pytest.mark.usefixtures("clean_process")
def test_a_collector_that_rejects_is_counted(settings: Settings, collector: Sink, lines: Lines) -> None:
    collector.status = 400
    client = pushing(settings, collector.endpoint, LONG_TIMEOUT_SECONDS, OTEL_BSP_SCHEDULE_DELAY="50").test_client()
    client.get("/loans/1")

    rejected = 'otel_sdk_exporter_span_exported_total{worker="0",error_type="export_failed"} 1.0'
    poll(lambda: rejected in client.get("/metrics").text, 20, "the count of the rejected span")
    assert "telemetry_export_failing" in {line["event"] for line in lines()}


@pytest.mark.usefixtures("clean_process")
def test_spans_beyond_the_queue_are_counted_and_not_logged(settings: Settings, lines: Lines) -> None:
    small = {"OTEL_BSP_MAX_QUEUE_SIZE": str(QUEUE), "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": str(BATCH)}
    client = pushing(settings, f"http://{HOST}:{free_port()}", TIMEOUT_SECONDS, **small).test_client()

    for _ in range(SPANS):
        client.get("/loans/1")

    page = client.get("/metrics").text
    [dropped] = [line for line in page.splitlines() if 'error_type="queue_full"' in line]
    assert SPANS - QUEUE - BATCH <= float(dropped.rpartition(" ")[2]) <= SPANS - QUEUE
    assert 'otel_sdk_processor_span_queue_capacity{worker="0"}' in page
    assert {line["event"] for line in lines()} <= {"http_request", "telemetry_export_failing"}


@pytest.mark.usefixtures("clean_process")
def test_shutting_down_gives_up_on_a_collector_that_hangs(settings: Settings) -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        endpoint = f"http://{HOST}:{listener.getsockname()[1]}"
        client = pushing(settings, endpoint, LONG_TIMEOUT_SECONDS).test_client()
        client.get("/loans/1")

        began = time.monotonic()
        telemetry.shut_down(0.3)
        took = time.monotonic() - began

    assert 0.25 < took < 3
