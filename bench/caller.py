# SPDX-License-Identifier: Apache-2.0
"""The service in this process, called without an HTTP client."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from app.access import DEV_SECRETS
from app.factory import create_app
from app.settings import Settings
from app.storage.database import db

Environ = dict[str, Any]
AUTHORIZATION: Final = {"Authorization": f"Bearer {DEV_SECRETS['officer']}"}
OK: Final = 200


def build(database_url: str, folder: Path) -> tuple[Flask, Settings]:
    """Build a service without telemetry on a database."""
    # WARNING: a line per request costs the same on any database, and would make their times look more alike.
    environ = {"DATABASE_URL": database_url, "TELEMETRY_DIR": str(folder), "API_THREADS": "1", "LOG_LEVEL": "WARNING"}
    settings = replace(Settings.from_env(environ), telemetry_disabled=True)
    return create_app(settings, publish=lambda _event: None), settings


def disconnect(app: Flask) -> None:
    """Close the service's connections, so that its database can be copied."""
    with app.app_context():
        db.engine.dispose()


def get(path: str, query: Mapping[str, str]) -> Environ:
    """Prepare a GET request."""
    return EnvironBuilder(path=path, query_string=dict(query), headers=Headers(AUTHORIZATION)).get_environ()


def timed(app: Flask, environ: Environ) -> tuple[float, bytes]:
    """Let the service answer; give the milliseconds and the body, or raise RuntimeError unless it is 200."""
    statuses: list[str] = []
    request = {**environ, "wsgi.input": BytesIO()}

    def start(status: str, _headers: object, _error: object = None) -> Callable[[bytes], object]:
        statuses.append(status)
        return lambda _data: None

    begun = time.perf_counter()
    answer = app.wsgi_app(request, start)
    body = b"".join(answer)
    if close := getattr(answer, "close", None):
        close()
    milliseconds = (time.perf_counter() - begun) * 1000
    if not statuses[0].startswith(str(OK)):
        raise RuntimeError(f"{environ['PATH_INFO']}: {statuses[0]}")
    return milliseconds, body


def rows(body: bytes) -> int:
    """Count the rows of a page."""
    return len(json.loads(body)["data"])
