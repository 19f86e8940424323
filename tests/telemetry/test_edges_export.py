# SPDX-License-Identifier: Apache-2.0
"""Exporters that raise unexpected exceptions: their threads go on, it is logged once, and the queue is delivered."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from flask import Flask
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

from app.factory import set_up_telemetry
from app.settings import Settings
from app.telemetry import safety
from app.telemetry.log_sinks import OncePerMinute
from stack.polling import poll
from tests.telemetry.conftest import Lines, add_routes
from tests.telemetry.otlp_sink import Sink, serving_otlp

EXPORTS = 5
CANARY = "canary-4111-1111"


class Broken:
    """Stands in for a method: raises, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __get__(self, instance: object, _owner: type) -> Callable[..., Any]:
        return self.fail

    def fail(self, *_arguments: object, **_more: object) -> Any:  # noqa: ANN401  # it gives nothing back
        self.calls += 1
        raise RuntimeError(CANARY)


@pytest.fixture(autouse=True)
def silent_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "_failure_limits", defaultdict(OncePerMinute))
    monkeypatch.setattr("app.telemetry.delivery.spans.FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr("app.telemetry_light.queue.FIRST_PAUSE_SECONDS", 0.05)


@pytest.fixture
def collector() -> Iterator[Sink]:
    with serving_otlp() as received:
        yield received


@pytest.fixture
def app(settings: Settings, collector: Sink, clean_process: None) -> Flask:  # noqa: ARG001
    """Push to the collector as often as can be."""
    app = Flask("loans")
    often = {"OTEL_METRIC_EXPORT_INTERVAL": "50", "OTEL_BSP_SCHEDULE_DELAY": "50"}
    set_up_telemetry(app, replace(settings, otel={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint} | often))
    add_routes(app)
    return app


def test_an_exporter_that_raises_loses_nothing_and_ends_no_thread(
    app: Flask, collector: Sink, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporting = {thread for thread in threading.enumerate() if thread.name.startswith("Otel")}
    with monkeypatch.context() as patch:
        post, export = Broken(), Broken()
        # In this order: an export of metrics that had already begun would meet the other fault.
        patch.setattr(OTLPMetricExporter, "export", export)
        poll(lambda: export.calls, 20, "an export of metrics that fails")
        patch.setattr(requests.Session, "send", post)
        answers = [app.test_client().get("/loans/7").status_code for _ in range(3)]
        poll(lambda: min(post.calls, export.calls) >= EXPORTS, 20, "exports that fail")
    poll(lambda: len(collector.finished_spans()) == 3, 20, "the spans that waited")

    written = lines()
    told = [(line.get("doing"), line.get("signal")) for line in written if line["event"] != "http_request"]
    assert answers == [200] * 3
    assert sorted(told, key=str) == [("exporting_metrics", None), (None, "traces")]
    assert CANARY not in str(written)
    assert exporting
    assert all(thread.is_alive() for thread in exporting)


def test_an_instrument_that_cannot_be_read_does_not_end_the_exporter(
    app: Flask, collector: Sink, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        read = Broken()
        patch.setattr("app.telemetry.requests_seen.Observation", read.fail)
        app.test_client().get("/loans/7")
        poll(lambda: read.calls >= EXPORTS, 20, "readings that fail")
    told = [line["doing"] for line in lines() if line["event"] == "telemetry_failed"]

    poll(lambda: "http.server.active_requests" in collector.metric_names(), 20, "the metric that failed")
    assert told == ["observing"]
