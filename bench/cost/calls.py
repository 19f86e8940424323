# SPDX-License-Identifier: Apache-2.0
"""Runs under valgrind: sends requests to variants in process, each number of them in a fork of its own.

Importing takes longer than all that is measured, so it is done once; each variant is built in a fork, and warmed up
there. The counter of a fork goes on from its parent's: the difference of two is the cost of the requests by which
they differ.

`python -m bench.cost.calls JOBS.json`, where every fork writes `PID VARIANT ROUTE NUMBER` to stdout.
"""

import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.storage import waiting
from app.storage.database import db
from bench.cost.routes import Route

WARM = 8  # caches of statements, routes and series are filled by the first
# Few enough that ours are exported in one batch or two at the end: the batch's own request to the collector, which is
# shared by 512 spans in service, is in both.
NUMBERS = (32, 160)
# Valgrind makes a turn of the interpreter thirty times shorter: threads would take turns within a request.
TURN_SECONDS = 1.0
PATIENCE_SECONDS = 120.0  # a connection opens in a tenth of it; the service's own limits would answer 503
SETTLE_SECONDS = 2.0  # a fork while a thread exports would inherit its locks


def send(app: Flask, route: Route, keys: Iterable[str]) -> None:
    """Send a request once for each key; raise RuntimeError unless it is answered well."""
    for key in keys:
        headers = Headers({**route.headers, "Idempotency-Key": key} if route.body else dict(route.headers))
        builder = EnvironBuilder(path=route.path, method=route.method, headers=headers, data=route.body or None)
        answer, status, _headers = run_wsgi_app(app.wsgi_app, builder.get_environ(), buffered=True)
        b"".join(answer)
        for _ in range(route.loops):
            pass
        if not status.startswith("2"):
            raise RuntimeError(f"{route.name}: {status}")


def wait_longer() -> None:
    """Let the service wait for its database as long as valgrind takes, on a busy machine too."""
    patch.object(waiting, "CONNECT_SECONDS", PATIENCE_SECONDS).start()
    patch.object(waiting.BoundedConnection, "answer_seconds", PATIENCE_SECONDS).start()


def count(variant: ModuleType, chosen: Sequence[Route], lines: int) -> None:
    """Build the variant, warm it up, and count in forks."""
    app: Flask = variant.create()
    for route in chosen:
        send(app, route, (f"warm-{number:08}" for number in range(WARM)))
    with app.app_context():
        db.engine.dispose()
    time.sleep(SETTLE_SECONDS)
    gc.collect()
    gc.freeze()  # as in Gunicorn's arbiter
    name = variant.__name__.rpartition(".")[2]
    for route in chosen:
        for number in NUMBERS:
            pid = os.fork()
            if pid == 0:
                send(app, route, (f"calls-{number:03}-{each:08}" for each in range(number)))
                variant.flush()
                os._exit(0)
            if os.waitpid(pid, 0)[1]:
                raise RuntimeError(f"{name}, {route.name}: a fork failed")
            os.write(lines, f"{pid}\t{name}\t{route.name}\t{number}\n".encode())


def main() -> None:
    """Import everything, and let each variant count in a fork, all at the same time."""
    jobs = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    modules = {name: importlib.import_module(f"bench.cost.variants.{name}") for name in jobs}
    sys.setswitchinterval(TURN_SECONDS)
    wait_longer()
    lines = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    forks = []
    for name, job in jobs.items():
        pid = os.fork()
        if pid == 0:
            os.environ.update(job["environment"])
            count(modules[name], [Route(**route) for route in job["routes"]], lines)
            os._exit(0)
        forks.append(pid)
    failures = [os.waitpid(pid, 0)[1] for pid in forks]
    sys.exit(1 if any(failures) else 0)


if __name__ == "__main__":
    main()
