# SPDX-License-Identifier: Apache-2.0
"""An app of unusual answers, with the WSGI layers under test."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, request, send_file, stream_with_context

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LARGE = b"0123456789abcdef" * 65536
FILE = Path(__file__)


class Closing:
    """An answer whose end goes wrong."""

    def __iter__(self) -> Iterator[bytes]:
        return iter((b"one", b"two"))

    def close(self) -> None:
        raise RuntimeError("close")


def answering_twice(inner: "WSGIApplication") -> "WSGIApplication":
    """Answer /twice as a middleware that replaces an answer that it has begun."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        answer = inner(environ, start_response)
        if environ["PATH_INFO"] != "/twice":
            return answer
        error = RuntimeError("second thoughts")
        start_response("503 Service Unavailable", [("Content-Length", "5")], (RuntimeError, error, None))  # type: ignore[arg-type]
        return [b"later"]

    return application


def build(set_up: Callable[[Flask], None] | None) -> Flask:
    """Build the app; telemetry comes first, as in the service."""
    app = Flask("edges")
    app.wsgi_app = answering_twice(app.wsgi_app)  # type: ignore[assignment, method-assign]
    if set_up:
        set_up(app)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.before_request(early)
    app.after_request(failing_hook)
    add_streams(app)
    add_answers(app)
    return app


def early() -> str | None:
    return "early" if request.path == "/early" else None


def failing_hook(response: Response) -> Response:
    if request.path == "/hook":
        raise RuntimeError("hook")
    return response


def chunks(*, fail: bool = False) -> Iterator[str]:
    for number in range(5):
        if fail and number == 3:
            raise RuntimeError("after the headers")
        yield f"chunk {number}\n" * 100


def endless() -> Iterator[bytes]:
    while True:
        yield LARGE


def add_streams(app: Flask) -> None:
    app.add_url_rule("/stream", "stream", lambda: Response(chunks()))
    app.add_url_rule("/context", "context", lambda: Response(stream_with_context(chunks())))
    app.add_url_rule("/fails", "fails", lambda: Response(chunks(fail=True)))
    app.add_url_rule("/context-fails", "context-fails", lambda: Response(stream_with_context(chunks(fail=True))))
    app.add_url_rule("/endless", "endless", lambda: Response(stream_with_context(endless())))
    app.add_url_rule("/closing", "closing", lambda: Response(Closing()))
    app.add_url_rule("/file", "file", lambda: send_file(FILE, conditional=True))
    app.add_url_rule("/large", "large", lambda: Response(LARGE))


def add_answers(app: Flask) -> None:
    app.add_url_rule("/text", "text", lambda: "text")
    app.add_url_rule("/names/<name>", "names", lambda name: name)
    app.add_url_rule("/hook", "hook", lambda: "never seen")
    app.add_url_rule("/nothing", "nothing", lambda: ("", 204))
    app.add_url_rule("/unchanged", "unchanged", lambda: ("", 304))
    app.add_url_rule("/twice", "twice", lambda: "first thoughts")
    app.add_url_rule("/unread", "unread", lambda: "unread", methods=["POST"])
    app.add_url_rule("/pid", "pid", lambda: str(os.getpid()))

    @app.post("/digest")
    def digest() -> str:
        return hashlib.sha256(request.get_data()).hexdigest()

    @app.get("/hints")
    def hints() -> str:
        if "wsgi.early_hints" in request.environ:
            request.environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload")])
        return "hinted"

    @app.get("/boom")
    def boom() -> str:
        raise RuntimeError("boom")
