# SPDX-License-Identifier: Apache-2.0
"""Runs a variant in process, and times requests that arrive one by one while it exports.

`python -m bench.cost.arrivals VARIANT`: a line when it is ready, and for each number on stdin, one of so many times in
microseconds.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import sys
import threading
import time
from io import BytesIO
from typing import Final

from flask import Flask, Response
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import telemetry

PATH: Final = "/waits"
# Reading one loan waits for the database four times: is the connection alive, begin and select, rollback. At each of
# them a waiting thread gets the interpreter, and the request waits until that thread releases it.
WAITS: Final = 4
WAIT_SECONDS: Final = 0.0001
# One thread of four, each busy for half of its time: exports happen between requests and during them.
PAUSE_SECONDS: Final = (0.0005, 0.0015)
WARM: Final = 200
LEAD: Final = 20  # before each answer, not in it: the first find the processor's caches as another variant left them
FIRST: Final = -20  # an exporting thread that stands in line for a core keeps the interpreter, and requests, meanwhile


class QueueClock:
    """How long this thread has waited for a core since it began, by Linux's scheduler/sched-stats."""

    def __init__(self) -> None:
        self._file = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)

    def nanoseconds(self) -> int:
        """Read it."""
        return int(os.pread(self._file, 100, 0).split()[1])


def with_waiting_route(app: Flask) -> Flask:
    """Add a route that gives the interpreter away as often as reading one loan does, and does nothing else."""

    def wait() -> Response:
        for _ in range(WAITS):
            time.sleep(WAIT_SECONDS)
        return Response("waited", content_type="text/plain")

    app.add_url_rule(PATH, "waits", wait)
    return app


def times(app: Flask, number: int, queue: QueueClock, chance: random.Random) -> list[int]:
    """Let so many requests arrive; return each one's time from arrival to answer, without the wait for a core.

    Other programs cause the wait for a core. The thread requests the interpreter when the request arrives, so a wait
    for the thread that holds it counts from its beginning.
    """
    prepared = EnvironBuilder(path=PATH).get_environ()
    found = []
    for _ in range(number):
        environ = {**prepared, "wsgi.input": BytesIO()}
        before = queue.nanoseconds()
        pause = chance.uniform(*PAUSE_SECONDS)
        arrival = time.perf_counter_ns() + int(pause * 1e9)
        time.sleep(pause)
        answer, status, _headers = run_wsgi_app(app.wsgi_app, environ, buffered=True)
        b"".join(answer)
        end = time.perf_counter_ns()
        found.append((end - arrival - (queue.nanoseconds() - before)) // 1000)
        if not status.startswith("2"):
            raise RuntimeError(f"{PATH}: {status}")
    return found


def main() -> None:
    """Build the variant, warm it up, and answer."""
    variant = importlib.import_module(f"bench.cost.variants.{sys.argv[1]}")
    with contextlib.suppress(PermissionError):  # only root may
        os.nice(FIRST)
    figures = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    app = with_waiting_route(variant.create())
    telemetry.join_workers()
    queue, chance = QueueClock(), random.Random(0)  # noqa: S311  # the same arrivals for every variant
    times(app, WARM, queue, chance)
    gc.collect()
    gc.freeze()  # as in Gunicorn's arbiter
    print("[]", file=figures, flush=True)
    for line in sys.stdin:
        times(app, LEAD, queue, chance)
        print(json.dumps(times(app, int(line), queue, chance)), file=figures, flush=True)
    variant.flush()


if __name__ == "__main__":
    main()
