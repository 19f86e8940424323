# SPDX-License-Identifier: Apache-2.0
"""Gunicorn's processes, threads and limits, each with its reason: `gunicorn -c gunicorn.conf.py app.wsgi:app`.

The arbiter reads this file at its start and again at SIGHUP. It imports telemetry for its log lines and for slots; the
SDK is built in each worker, by create_app.
"""

import contextlib
import gc
import os
import sys
from pathlib import Path
from typing import IO, NoReturn, Protocol

from app.settings import Settings, SettingsError


class Worker(Protocol):
    """What the hooks use of Gunicorn's worker; the slot is ours."""

    slot: int


class Configuration(Protocol):
    """What the hooks use of Gunicorn's settings."""

    preload_app: bool


class Arbiter(Protocol):
    """What the hooks use of Gunicorn's arbiter."""

    WORKERS: dict[int, Worker]
    claims: list[IO[str]]
    cfg: Configuration


def stop_with(reason: object) -> NoReturn:
    """End with one line that names the setting, and no traceback."""
    sys.stderr.write(f"{reason}\n")
    raise SystemExit(2)


try:
    settings = Settings.from_env()
except SettingsError as error:
    stop_with(error)

# After the settings: a wrong one is reported at once, not after seconds of imports.
from app import telemetry  # noqa: E402
from app.storage.fault_file import forget_faults  # noqa: E402
from app.telemetry.gunicorn_log import GunicornLog  # noqa: E402

try:
    telemetry.configure_logging(settings, "arbiter")
except OSError as error:
    stop_with(f"LOG_DIR: a directory to write in is expected ({error.strerror})")

bind = f"{settings.api_host}:{settings.api_port}"
workers = settings.api_workers
worker_class = "app.gunicorn_worker.PolledThreadWorker"  # gthread, with idle clients in the selector
threads = settings.api_threads
preload_app = False  # exporters, their threads and locks don't survive a fork

# A worker that has not moved for 30 s is hung: every request ends sooner (nginx gives up after 10 s).
timeout = 30
# A stop takes 5 s at most: 2 s for idle keep-alive connections or the requests under way, 2 s to flush, 1 s to spare.
graceful_timeout = 5
# Longer than nginx keeps a connection (60 s), so that nginx closes first and no request meets a closing socket.
keepalive = 75
# Bounds whatever leaks. At 100 requests a second and 4 workers each lives 7 to 8 minutes, far longer than an export
# interval; the jitter keeps two from leaving together.
max_requests = 10_000
max_requests_jitter = 2_000
# The heartbeat file on a real disk would stop the worker when the disk is slow.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # a name from Gunicorn's own advice
# On by default since version 25: a socket in $HOME, which a read-only container doesn't have.
control_socket_disable = True

logger_class = GunicornLog
errorlog = None  # no plain text on stderr
accesslog = None  # the http_request line replaces it


def on_starting(server: Arbiter) -> None:
    """Empty the telemetry directory and claim the log files; at a reload this isn't called, and the totals stay."""
    if server.cfg.preload_app:  # --preload or GUNICORN_CMD_ARGS, which replace the setting of this file
        stop_with("preload_app: False is expected; all workers would export as one instance")
    try:
        server.claims = [telemetry.claim(settings.telemetry_dir)]  # held until the arbiter ends
        forget_faults(settings.telemetry_dir)
        if settings.log_dir:
            server.claims.append(telemetry.claim_logs(settings.log_dir, telemetry.instance_name(settings)))
            telemetry.remove_old_logs(settings.log_dir, telemetry.instance_name(settings))
    except (telemetry.TelemetryDirError, telemetry.LogDirError) as error:
        stop_with(error)
    # The workers share the memory that is loaded by now. Excluded from garbage collection, its pages stay shared, and a
    # worker ends in a quarter of the time.
    gc.freeze()


def pre_fork(server: Arbiter, worker: Worker) -> None:
    """Give the new worker the lowest free slot."""
    worker.slot = telemetry.lowest_free_slot({each.slot for each in server.WORKERS.values()})


def post_fork(_server: Arbiter, worker: Worker) -> None:
    """Set WORKER_SLOT before the app reads its settings, and log to the slot's file from now on."""
    os.environ["WORKER_SLOT"] = str(worker.slot)
    telemetry.configure_logging(settings, f"w{worker.slot}")


def post_worker_init(_worker: Worker) -> None:
    """Share metrics with the other workers, before the first request."""
    telemetry.join_workers()


def worker_exit(_server: Arbiter, _worker: Worker) -> None:
    """Save the totals and flush. Gunicorn also calls this in the arbiter for a reaped worker, where it does nothing."""
    telemetry.shut_down(settings.shutdown_flush_seconds)


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Clean up after a killed worker; its slot is free once Gunicorn removes the worker from WORKERS."""
    telemetry.forget_worker(settings.telemetry_dir, worker.slot)


def on_exit(server: Arbiter) -> None:
    """Clear up after the workers that were killed at the end of the graceful timeout: Gunicorn waits for none."""
    for pid, worker in server.WORKERS.items():
        with contextlib.suppress(ChildProcessError):  # reaped meanwhile
            os.waitpid(pid, 0)
        telemetry.forget_worker(settings.telemetry_dir, worker.slot)
