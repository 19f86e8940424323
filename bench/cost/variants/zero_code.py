# SPDX-License-Identifier: Apache-2.0
"""What `opentelemetry-instrument` adds: everything that it finds to instrument, and spans, metrics and logs by OTLP.

The command lets Python call `initialize` at its start. A server that forks calls it in each worker instead, as
OpenTelemetry's documentation advises, since exporters don't survive a fork.
"""

import os
from typing import Any
from unittest.mock import patch

import flask
from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider
from opentelemetry.instrumentation.auto_instrumentation import initialize

from app import factory
from bench.cost.variants import bare
from bench.cost.variants.request_log import add_request_log, write_json_lines


def create() -> flask.Flask:
    """Build the service without its telemetry, and let this one find it."""
    write_json_lines()
    initialize(swallow_exceptions=False)
    # The service writes its lines to files and refuses to send them; OpenTelemetry's distribution has set it to send.
    files_only = patch.dict(os.environ, {"OTEL_LOGS_EXPORTER": "none"})
    with files_only, patch.object(factory, "Flask", flask.Flask):  # replaced by now, and imported before
        app = bare.create()
    add_request_log(app)
    return app


def flush() -> None:
    """Send what waits."""
    providers: list[Any] = [trace.get_tracer_provider(), metrics.get_meter_provider(), get_logger_provider()]
    for provider in providers:
        provider.shutdown()
