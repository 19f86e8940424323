# SPDX-License-Identifier: Apache-2.0
"""Prints the progress of a run: one line every ten seconds."""

import sys
import time

import gevent  # type: ignore[import-untyped]  # it has no types
from locust.env import Environment
from locust.runners import WorkerRunner

# Six lines in a run of the usual minute.
PERIOD_SECONDS = 10.0


def report(environment: Environment, period_seconds: float = PERIOD_SECONDS, **_: object) -> None:
    """Start to write lines until the run ends."""
    if not isinstance(environment.runner, WorkerRunner):  # the master has all workers' figures
        gevent.spawn(_report, environment, period_seconds)


def _report(environment: Environment, period_seconds: float) -> None:
    began = time.monotonic()
    while True:
        gevent.sleep(period_seconds)
        if environment.runner is None or environment.runner.state in {"stopping", "stopped", "cleanup"}:
            return
        sys.stdout.write(f"load: {line(environment, time.monotonic() - began)}\n")
        sys.stdout.flush()


def line(environment: Environment, seconds: float) -> str:
    """Write how far a run is, after so many seconds."""
    options, total = environment.parsed_options, environment.stats.total
    whole = f" of {options.run_time} s" if options is not None and options.run_time else ""
    return f"{seconds:.0f} s{whole}, {total.num_requests} requests, {total.num_failures} failed"
