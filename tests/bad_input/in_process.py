# SPDX-License-Identifier: Apache-2.0
"""Hands a request to the service's own WSGI function, as Gunicorn would."""

import time
from collections import defaultdict
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask

from tests.bad_input.request import Answer, Request

UNPREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")


class InProcess:
    """Sends requests to an app through Flask's test client."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def __call__(self, request: Request) -> Answer:
        """Send a request and read the answer."""
        began = time.perf_counter()
        body, status, headers = self._client.run_wsgi_app(_environ(request), buffered=True)
        seconds = time.perf_counter() - began
        return Answer(int(status.split()[0]), tuple(headers.items()), b"".join(body), seconds)


def _environ(request: Request) -> dict[str, Any]:
    path, _, query = request.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": request.target,
        "SERVER_NAME": "loans.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.input_terminated": True,  # as Gunicorn sets it
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if request.body and not request.chunked:
        environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ | _header_variables(request)


def _header_variables(request: Request) -> dict[str, str]:
    """Name headers as WSGI does; several of one name become one with commas."""
    several: dict[str, list[str]] = defaultdict(list)
    for name, value in request.headers:
        variable = name.upper().replace("-", "_")
        several[variable if variable in UNPREFIXED else f"HTTP_{variable}"].append(value.strip(" \t"))
    return {name: ",".join(values) for name, values in several.items()}
