# SPDX-License-Identifier: Apache-2.0
"""Runs under valgrind: sends requests to a variant in process, each number of them in a fork of its own.

Importing and building take a hundred times as long as what is measured, so they are done once. Each fork's counter
goes on from there: the difference of two forks is the cost of the requests by which they differ.

`python -m bench.cost.calls VARIANT ROUTES.json`, where every fork writes `PID ROUTE NUMBER` to stdout.
"""

import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import patch

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.storage import waiting
from app.storage.database import db
from bench.cost.routes import Route

WARM = 8  # caches of statements, routes and series are filled by the first
# Multiples of 128 spans' requests: every export of ours is a full batch in both.
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
        if not status.startswith("2"):
            raise RuntimeError(f"{route.name}: {status}")


def wait_longer() -> None:
    """Let the service wait for its database as long as valgrind takes, on a busy machine too."""
    patch.object(waiting, "CONNECT_SECONDS", PATIENCE_SECONDS).start()
    patch.object(waiting.BoundedConnection, "answer_seconds", PATIENCE_SECONDS).start()


def main() -> None:
    """Build the variant, warm it up, and count in forks."""
    variant = importlib.import_module(f"bench.cost.variants.{sys.argv[1]}")
    chosen = [Route(**route) for route in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))]
    sys.setswitchinterval(TURN_SECONDS)
    wait_longer()
    lines = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    app: Flask = variant.create()
    for route in chosen:
        send(app, route, (f"warm-{number:08}" for number in range(WARM)))
    with app.app_context():
        db.engine.dispose()
    time.sleep(SETTLE_SECONDS)
    gc.collect()
    gc.freeze()  # as in Gunicorn's arbiter
    for route in chosen:
        for number in NUMBERS:
            pid = os.fork()
            if pid == 0:
                send(app, route, (f"calls-{number:03}-{each:08}" for each in range(number)))
                variant.flush()
                os._exit(0)
            if os.waitpid(pid, 0)[1]:
                sys.exit(f"{route.name}: a fork failed")
            os.write(lines, f"{pid}\t{route.name}\t{number}\n".encode())


if __name__ == "__main__":
    main()
