# SPDX-License-Identifier: Apache-2.0
"""Telemetry whose signals stay in memory, switched off again after each test."""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData

from app import telemetry
from app.api import errors
from app.factory import set_up_telemetry
from app.settings import Settings, TelemetryPipeline
from app.telemetry import workers
from app.telemetry.logging import remove_sinks
from tests.telemetry.spans_seen import SpanSeen, SpansSeen

Line = dict[str, Any]
Lines = Callable[[], list[Line]]


@pytest.fixture(params=list(TelemetryPipeline))
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Give the settings of a worker that pushes nothing; whatever is true of one pipeline is true of the other."""
    return replace(Settings.from_env({}), worker_slot=0, telemetry_dir=tmp_path / "t", telemetry_pipeline=request.param)


@dataclass
class Observed:
    """An app with telemetry, and what it emitted."""

    app: Flask
    spans: SpansSeen = field(default_factory=SpansSeen)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def span(self, name: str) -> SpanSeen:
        """Give the only span of a name."""
        [span] = [each for each in self.spans.get_finished_spans() if each.name == name]
        return span

    def names(self) -> list[str]:
        return [span.name for span in self.spans.get_finished_spans()]

    def points(self, metric: str) -> list[Any]:
        """Give a metric's data points."""
        data = self.reader.get_metrics_data() or MetricsData([])
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for each in scope.metrics
            if each.name == metric
            for point in each.data.data_points
        ]


@pytest.fixture
def clean_process() -> Iterator[None]:
    """Begin and end without telemetry, as a new process does."""
    root = logging.getLogger()
    level = root.level
    telemetry.shut_down(0)
    environment = dict(os.environ)
    yield
    telemetry.shut_down(1)
    for exporting in [thread for thread in threading.enumerate() if thread.name.startswith("Otel")]:
        exporting.join()  # what shut_down left behind must not log into the next test
    remove_sinks()
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    os.environ.clear()  # of the variables that the service handed to the SDK
    os.environ.update(environment)


@pytest.fixture
def observed(settings: Settings, clean_process: None) -> Observed:  # noqa: ARG001
    """Observe an app with a few routes in memory."""
    seen = Observed(Flask("loans"))
    set_up_telemetry(seen.app, settings, telemetry.Pipeline(seen.spans.take, [seen.reader]))
    errors.register(seen.app, telemetry.current_trace_id)
    add_routes(seen.app)
    return seen


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers wait for each other for longer than any pause of the machine."""
    monkeypatch.setattr(workers, "SIBLING_SECONDS", 30.0)


def add_routes(app: Flask) -> None:
    """Add a route that works, one that fails, and a probe."""

    @app.get("/loans/<int:number>")
    def loan(number: int) -> dict[str, Any]:
        return {"number": number, "trace_id": telemetry.current_trace_id()}

    @app.get("/boom")
    def boom() -> str:
        raise RuntimeError("canary-4111-1111")

    @app.get("/livez")
    def livez() -> dict[str, Any]:
        return {"trace_id": telemetry.current_trace_id()}


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Read the JSON lines written to stdout so far."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
