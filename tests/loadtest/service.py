# SPDX-License-Identifier: Apache-2.0
"""The real service on a free port for the load test to meet: correct by default, wrong or slow by configuration."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Thread
from typing import Any
from uuid import uuid4

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app.api.problems import TRACE_ID

TRACE = "0af7651916cd43dd8448eb211c80319c"  # telemetry is off in tests; problems want one all the same
SLOW_SECONDS = 0.7  # more than the bound of the 95th percentile


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # connections that stay open, as Gunicorn's do
    wbufsize = 65_536  # head and body in one packet; else each answer waits 40 ms for the client's delayed ACK

    def log_request(self, *_: object) -> None:
        """Keep quiet: thousands of requests would bury the test's own output."""


class Flawed:
    """A WSGI app around the service's; `flaw` is "", "wrong amount", "forgets keys", "slow" or "down"."""

    def __init__(self, app: Flask, flaw: str) -> None:
        self.app = app
        app.extensions[TRACE_ID] = lambda: TRACE
        self.flaw = flaw

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401  # WSGI's
        """Answer a request with the flaw."""
        if self.flaw == "slow":
            time.sleep(SLOW_SECONDS)
        if self.flaw == "down":
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        if self.flaw == "forgets keys" and "HTTP_IDEMPOTENCY_KEY" in environ:
            environ["HTTP_IDEMPOTENCY_KEY"] = str(uuid4())
        if self.flaw != "wrong amount":
            return self.app(environ, start_response)
        return self._wrong(environ, start_response)

    def _wrong(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        """Book a minor unit too much, and answer with the wrong amount in as many digits."""
        with self.app.request_context(environ):
            response = self.app.full_dispatch_request()
        document: Any = response.get_json(silent=True) or {}
        if response.status_code == HTTPStatus.CREATED and "amount_minor" in document:
            document["amount_minor"] += 1
            response.set_data(json.dumps(document))
        answer: Iterable[bytes] = response(environ, start_response)
        return answer


@contextmanager
def serving(app: Flask, flaw: str = "") -> Iterator[str]:
    """Serve on a free port, and give the address."""
    server = make_server("127.0.0.1", 0, Flawed(app, flaw), threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
