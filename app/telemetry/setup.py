# SPDX-License-Identifier: Apache-2.0
"""Switches telemetry on for an app, once per process, and off again within a time limit."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from flask import Flask
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from app.telemetry import exposition, instruments, semconv, tracing
from app.telemetry.database import DatabaseMetrics
from app.telemetry.logging import configure_logging
from app.telemetry.metrics import build_meter_provider, push_readers
from app.telemetry.metrics_endpoint import add_metrics_endpoint
from app.telemetry.portfolio import create_portfolio_gauges, observe_portfolio
from app.telemetry.request_line import add_request_line
from app.telemetry.resource import build_resource, worker_name
from app.telemetry.workers import Workers

if TYPE_CHECKING:
    from app.settings import Settings


@dataclass(frozen=True)
class Pipeline:
    """Where signals go instead of to the collector; for tests."""

    span_exporter: SpanExporter
    metric_readers: Sequence[MetricReader] = ()


class Companion(Protocol):
    """Something that works in the background for as long as the worker serves; neither call may wait long."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End."""
        ...


@dataclass(frozen=True)
class Signals:
    """What exists only when telemetry is switched on."""

    tracer_provider: TracerProvider
    meter_provider: MeterProvider
    database: DatabaseMetrics


@dataclass(frozen=True)
class Process:
    """The telemetry of this process."""

    settings: "Settings"
    workers: Workers
    signals: Signals | None
    companions: list[Companion] = field(default_factory=list)


_process: Process | None = None


def set_up(app: Flask, settings: "Settings", pipeline: Pipeline | None = None) -> None:
    """Instrument an app, as the first thing that is done to it; the process's part is done once."""
    global _process  # noqa: PLW0603  # providers belong to the process, as their threads do
    if _process is None:
        _process = begin(settings, pipeline)
    add_request_line(app)
    # Flask's own line repeats the path; whoever handles unhandled exceptions logs them.
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]  # noqa: ARG005
    if _process.signals:
        tracing.instrument_flask(app, _process.signals.tracer_provider, _process.signals.meter_provider)
    add_metrics_endpoint(app, settings.ops_token, _process.workers.page)


def begin(settings: "Settings", pipeline: Pipeline | None) -> Process:
    """Build what the whole process shares; in a worker, never in the arbiter: exporters don't survive a fork."""
    configure_logging(settings, worker_name(settings.worker_slot))
    registry = CollectorRegistry()
    workers = Workers(settings.worker_slot, lambda: exposition.read(registry.collect()))
    if settings.telemetry_disabled:
        return Process(settings, workers, None)
    # Read once, when the first instrumentor is initialised.
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http,database"
    resource = build_resource(settings)
    readers = push_readers(settings) if pipeline is None else pipeline.metric_readers
    meter_provider = build_meter_provider(resource, registry, readers)
    span_exporter = None if pipeline is None else pipeline.span_exporter
    tracer_provider = tracing.build_tracer_provider(settings, resource, meter_provider, span_exporter)
    meter = meter_provider.get_meter(semconv.SERVICE)
    database = DatabaseMetrics(meter)
    database.listen()
    tracing.instrument_sqlalchemy(tracer_provider)
    instruments.create_instruments(meter, settings.api_threads)
    create_portfolio_gauges(meter)
    return Process(settings, workers, Signals(tracer_provider, meter_provider, database))


def observe_pool(engine: Engine) -> None:
    """Report an engine's pool of connections."""
    if _process and _process.signals:
        _process.signals.database.observe_pool(engine)


def run_beside(companion: Companion) -> None:
    """Let something run from the worker's start to its end; not in a command, nor where telemetry is switched off."""
    if _process and _process.signals:
        _process.companions.append(companion)


def join_workers() -> None:
    """Share this worker's metrics with its peers, send its first values, and start what runs beside it.

    They go out in the background: a counter that is born at its first increment loses that increment, and a
    collector that doesn't answer must not delay the worker.
    """
    if _process is None:
        return
    _process.workers.join(_process.settings.telemetry_dir)
    if _process.signals:
        threading.Thread(target=_process.signals.meter_provider.force_flush, daemon=True).start()
    for companion in _process.companions:
        companion.start()


def shut_down(budget_seconds: float) -> None:
    """Stop what runs beside the worker, keep its totals, and flush all signals until the time is over."""
    global _process
    process, _process = _process, None
    if process is None:
        return
    for companion in process.companions:
        companion.stop()
    observe_portfolio(None)
    process.workers.leave()
    if process.signals:
        flush_within(
            budget_seconds, [process.signals.tracer_provider.shutdown, process.signals.meter_provider.shutdown]
        )
        process.signals.database.stop()
        instruments.forget_instruments()
        tracing.uninstrument_sqlalchemy()


def flush_within(budget_seconds: float, flushes: Sequence[Callable[[], object]]) -> None:
    """Run the flushes side by side, and leave those behind that take too long."""
    deadline = time.monotonic() + budget_seconds
    threads = [threading.Thread(target=flush, daemon=True) for flush in flushes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
