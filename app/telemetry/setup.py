# SPDX-License-Identifier: Apache-2.0
"""Switches telemetry on for an app, once per process and after the fork, and off again within a time limit."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from flask import Flask
from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from app.telemetry import exposition, instruments, semconv
from app.telemetry.defaults import hand_over
from app.telemetry.delivery.accounting import Accounting, Count
from app.telemetry.delivery.database import Database
from app.telemetry.delivery.loss import report
from app.telemetry.delivery.redacting import RedactingSpanExporter
from app.telemetry.logging import configure_logging
from app.telemetry.metrics import build_meter_provider, push_reader, scrape_reader
from app.telemetry.metrics_endpoint import add_metrics_endpoint
from app.telemetry.pipelines import (
    InMemoryExporter,
    Instrumentation,
    Pipeline,
    Providers,
    StandardInstrumentation,
)
from app.telemetry.pools import Pools
from app.telemetry.portfolio import create_portfolio_gauges, observe_portfolio
from app.telemetry.propagation import mend_propagation
from app.telemetry.request_line import add_request_line
from app.telemetry.requests_seen import account_for_requests, observe_active_requests
from app.telemetry.resource import build_resource, process_name
from app.telemetry.safety import suppress_and_log
from app.telemetry.tracing import build_tracer_provider, export_spans
from app.telemetry.worker_files import accounting_path
from app.telemetry.workers import Workers

if TYPE_CHECKING:
    from app.settings import Settings

Instrument = Callable[[Providers], Instrumentation]


class BackgroundTask(Protocol):
    """A background task that runs for as long as the worker serves; neither call may wait long."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End."""
        ...


@dataclass(frozen=True)
class Runtime:
    """What exists only where telemetry is switched on."""

    providers: Providers
    instrumentation: Instrumentation
    redaction: RedactingSpanExporter | None
    pools: Pools

    def observe(self, engine: Engine) -> None:
        """Observe the statements and the pool of an engine."""
        self.pools.observe(engine)
        if self.redaction:
            self.redaction.database = Database.of(engine.url)
        self.instrumentation.instrument_engine(engine)

    def final_flushes(self) -> list[Callable[[], object]]:
        """Return the final flushes, to be called in parallel."""
        return [self.providers.meter.shutdown, self.providers.tracer.shutdown, self.instrumentation.close]


@dataclass(frozen=True)
class Process:
    """The telemetry of this process."""

    settings: "Settings"
    workers: Workers
    accounting: Accounting
    runtime: Runtime | None
    background_tasks: list[BackgroundTask] = field(default_factory=list)


_process: Process | None = None


def set_up(
    app: Flask,
    settings: "Settings",
    pipeline: Pipeline | None = None,
    instrument: Instrument = StandardInstrumentation,
) -> None:
    """Instrument an app before anything else is added to it; what the process shares is built once."""
    global _process  # noqa: PLW0603  # providers belong to the process, as their threads do
    if _process is None:
        _process = begin(settings, pipeline, instrument)
    bare = app.wsgi_app
    add_request_line(app)
    # Flask's own line repeats the path; the handler of unhandled exceptions logs them.
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]  # noqa: ARG005
    if _process.runtime:
        _process.runtime.instrumentation.instrument_app(app)
    account_for_requests(app, bare, _process.accounting)
    add_metrics_endpoint(app, settings.ops_token, _process.workers.page)


def begin(settings: "Settings", pipeline: Pipeline | None, instrument: Instrument) -> Process:
    """Build what the process shares; in a worker, never in the arbiter: exporters' threads don't survive a fork."""
    hand_over(settings.otel)
    configure_logging(settings, process_name(settings))
    registry, accounting = CollectorRegistry(), Accounting()
    workers = Workers(settings.worker_slot or 0, lambda: exposition.read(registry.collect()))
    if settings.telemetry_disabled:
        return Process(settings, workers, accounting, None)
    return Process(settings, workers, accounting, build(settings, registry, accounting, pipeline, instrument))


def build(
    settings: "Settings",
    registry: CollectorRegistry,
    accounting: Accounting,
    pipeline: Pipeline | None,
    instrument: Instrument,
) -> Runtime:
    """Build the providers, make them the process's own, and create the service's instruments."""
    mend_propagation()
    resource = build_resource(settings)
    readers = [scrape_reader(registry)]
    if pipeline is not None:
        readers += pipeline.metric_readers
    elif settings.pushes_metrics:
        readers.append(push_reader(accounting))
    meter_provider = build_meter_provider(resource, readers)
    tracer_provider = build_tracer_provider(resource)
    # For the tracers and meters of views, services and other instrumentors.
    metrics.set_meter_provider(meter_provider)
    trace.set_tracer_provider(tracer_provider)
    processors: list[SpanProcessor] = []
    pushes = pipeline is None and settings.pushes_traces

    def hand_over_span(span: ReadableSpan) -> None:
        for processor in processors:
            processor.on_end(span)

    providers = Providers(tracer_provider, meter_provider, accounting, pushes, pipeline, hand_over_span)
    instrumentation = instrument(providers)
    redaction = None
    if pipeline is not None:
        redaction = RedactingSpanExporter(InMemoryExporter(pipeline.take))
        processors.append(SimpleSpanProcessor(redaction))
    elif pushes:
        redaction, batching = export_spans(meter_provider, accounting)
        processors += batching
    for processor in processors:
        tracer_provider.add_span_processor(processor)
    return Runtime(providers, instrumentation, redaction, create_instruments(settings, providers))


def create_instruments(settings: "Settings", providers: Providers) -> Pools:
    """Create the service's own instruments."""
    meter = providers.meter.get_meter(semconv.SERVICE)
    observe_active_requests(meter, providers.accounting)
    instruments.create_instruments(meter, settings.api_threads)
    create_portfolio_gauges(meter)
    counts = providers.accounting

    def exported(_options: CallbackOptions) -> list[Observation]:
        return [
            Observation(counts.counts[Count.SPANS_DELIVERED]),
            Observation(counts.counts[Count.SPANS_REJECTED], {semconv.ERROR_TYPE: "export_failed"}),
        ]

    if providers.pushes_traces:
        meter.create_observable_counter(
            semconv.OTEL_SDK_EXPORTER_SPAN_EXPORTED,
            [exported],
            "{span}",
            "Spans whose export has ended, successfully or not.",
        )
    return Pools(meter)


def observe_pool(engine: Engine) -> None:
    """Instrument an engine's statements, and report its pool of connections."""
    if _process and _process.runtime:
        _process.runtime.observe(engine)


def run_in_background(task: BackgroundTask) -> None:
    """Let a task run from the worker's start to its end; not in a command, nor where telemetry is switched off."""
    if _process and _process.runtime:
        _process.background_tasks.append(task)


def join_workers() -> None:
    """Share this worker's metrics with its siblings, export its first values, and start its background tasks.

    The first export makes each counter start at zero: one that first appears with its first increment loses that
    increment. It runs in a thread, so that a collector that doesn't answer does not delay the worker.
    """
    if _process is None:
        return
    directory = _process.settings.telemetry_dir
    _process.workers.join(directory)
    if _process.runtime:
        if _process.settings.pushes_traces or _process.settings.pushes_metrics:
            with suppress_and_log("keeping_the_accounting"):
                _process.accounting.keep_in(accounting_path(directory, _process.settings.worker_slot or 0))
        threading.Thread(target=_process.runtime.providers.meter.force_flush, daemon=True).start()
    for task in _process.background_tasks:
        task.start()


def shut_down(budget_seconds: float) -> None:
    """Stop the background tasks, save the totals, flush all signals within the time, and report what was lost."""
    global _process
    process, _process = _process, None
    if process is None:
        return
    for task in process.background_tasks:
        task.stop()
    observe_portfolio(None)
    process.workers.leave()
    if process.runtime:
        flush_within(budget_seconds, process.runtime.final_flushes())
        instruments.forget_instruments()
        if process.accounting.kept:
            report(process.settings.worker_slot or 0, process.accounting.loss())
    process.accounting.close()


def flush_within(budget_seconds: float, flushes: Sequence[Callable[[], object]]) -> None:
    """Run the flushes in parallel, and abandon those that exceed the time."""
    deadline = time.monotonic() + budget_seconds
    threads = [threading.Thread(target=flush, daemon=True) for flush in flushes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
