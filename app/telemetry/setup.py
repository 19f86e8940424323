# SPDX-License-Identifier: Apache-2.0
"""Switches telemetry on for an app, once per process, and off again within a time limit."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from flask import Flask
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from app.telemetry import exposition, instruments
from app.telemetry.ledger import Ledger
from app.telemetry.logging import configure_logging
from app.telemetry.loss import report
from app.telemetry.metrics_endpoint import add_metrics_endpoint
from app.telemetry.pipelines import Pipeline, Signals, build_signals
from app.telemetry.portfolio import observe_portfolio
from app.telemetry.request_line import add_request_line
from app.telemetry.requests_seen import see_requests
from app.telemetry.resource import process_name
from app.telemetry.safety import quietly
from app.telemetry.worker_files import ledger_path
from app.telemetry.workers import Workers

if TYPE_CHECKING:
    from app.settings import Settings


class Companion(Protocol):
    """Something that works in the background for as long as the worker serves; neither call may wait long."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End."""
        ...


@dataclass(frozen=True)
class Process:
    """The telemetry of this process."""

    settings: "Settings"
    workers: Workers
    ledger: Ledger
    signals: Signals | None
    companions: list[Companion] = field(default_factory=list)


_process: Process | None = None


def set_up(app: Flask, settings: "Settings", pipeline: Pipeline | None = None) -> None:
    """Instrument an app, as the first thing that is done to it; the process's part is done once."""
    global _process  # noqa: PLW0603  # providers belong to the process, as their threads do
    if _process is None:
        _process = begin(settings, pipeline)
    bare = app.wsgi_app
    add_request_line(app)
    # Flask's own line repeats the path; whoever handles unhandled exceptions logs them.
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]  # noqa: ARG005
    if _process.signals:
        _process.signals.instrument(app)
    see_requests(app, bare, _process.ledger)
    add_metrics_endpoint(app, settings.ops_token, _process.workers.page)


def begin(settings: "Settings", pipeline: Pipeline | None) -> Process:
    """Build what the whole process shares; in a worker, never in the arbiter: exporters don't survive a fork."""
    configure_logging(settings, process_name(settings))
    registry, ledger = CollectorRegistry(), Ledger()
    workers = Workers(settings.worker_slot or 0, lambda: exposition.read(registry.collect()))
    if settings.telemetry_disabled:
        return Process(settings, workers, ledger, None)
    return Process(settings, workers, ledger, build_signals(settings, ledger, registry, pipeline))


def observe_pool(engine: Engine) -> None:
    """Report an engine's pool of connections."""
    if _process and _process.signals:
        _process.signals.pools.observe(engine)


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
    directory = _process.settings.telemetry_dir
    _process.workers.join(directory)
    if _process.signals:
        if _process.settings.otlp_endpoint:  # without one nobody is owed anything
            with quietly("keeping_the_ledger"):
                _process.ledger.keep_in(ledger_path(directory, _process.settings.worker_slot or 0))
        threading.Thread(target=_process.signals.flush_metrics, daemon=True).start()
    for companion in _process.companions:
        companion.start()


def shut_down(budget_seconds: float) -> None:
    """Stop what runs beside the worker, keep its totals, flush all signals within the time, and tell of losses."""
    global _process
    process, _process = _process, None
    if process is None:
        return
    for companion in process.companions:
        companion.stop()
    observe_portfolio(None)
    process.workers.leave()
    if process.signals:
        flush_within(budget_seconds, process.signals.last_words())
        process.signals.stop()
        instruments.forget_instruments()
        if process.ledger.kept:
            report(process.settings.worker_slot or 0, process.ledger.loss())
    process.ledger.close()


def flush_within(budget_seconds: float, flushes: Sequence[Callable[[], object]]) -> None:
    """Run the flushes side by side, and leave those behind that take too long."""
    deadline = time.monotonic() + budget_seconds
    threads = [threading.Thread(target=flush, daemon=True) for flush in flushes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
