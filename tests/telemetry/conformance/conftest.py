# SPDX-License-Identifier: Apache-2.0
"""The small app behind real Gunicorn, once for each pipeline, and the OTLP server that it sends to."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app.settings import TelemetryPipeline
from tests.telemetry.otlp_sink import Sink, serving_otlp
from tests.telemetry.server import Server, serving

# One worker of four threads, as the app calls itself; exports follow at once, so that tests wait for little.
WORKER = {"API_WORKERS": "1", "API_THREADS": "4", "OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "200"}

Case = TypeVar("Case")


def cases(every: Sequence[Case], representative: slice) -> Sequence[Case]:
    """Return every case in `./nox -s nightly` (EXACTNESS=full), else those that show each kind once: 2 s a case."""
    return every if os.environ.get("EXACTNESS") == "full" else every[representative]


@dataclass(frozen=True)
class Running:
    """A running app, and what it sends."""

    server: Server
    sink: Sink

    def get(self, path: str, **headers: str) -> dict[str, Any]:
        """Send a request, and return the view's answer."""
        answer = self.server.get(path, **headers)
        answer.raise_for_status()
        return dict(answer.json())


@contextmanager
def running(folder: Path, pipeline: str, **environ: str) -> Iterator[Running]:
    """Run the app with further variables."""
    with serving_otlp() as sink:
        variables = WORKER | {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint, "TELEMETRY_PIPELINE": pipeline} | environ
        with serving(folder, "conformance.app", **variables) as server:
            yield Running(server, sink)


@pytest.fixture(scope="session", params=list(TelemetryPipeline))
def pipeline(request: pytest.FixtureRequest) -> str:
    """Whatever OpenTelemetry promises its users holds for both pipelines."""
    return str(request.param)


@pytest.fixture(scope="session")
def app(pipeline: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the app with nothing set but where to send."""
    with running(tmp_path_factory.mktemp("conformance"), pipeline) as each:
        yield each
