# SPDX-License-Identifier: Apache-2.0
"""Exception isolation around FlaskInstrumentor: whatever it raises, the request is answered as without it.

A WSGI layer on each side of the instrumentor's distinguishes two origins of an exception: the application's own is
re-raised, the instrumentor's is logged and suppressed.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, request
from opentelemetry.context import Context, attach

from app.telemetry.safety import log_failure

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Keys of the request's environment: the application's answer, None until there is one; and the server's own
# start_response, None once it was called.
ANSWER: Final = "loan_service.answer"
START: Final = "loan_service.start_response"


@contextmanager
def guarded(app: Flask) -> Iterator[None]:
    """Isolate the application from the WSGI layer and the hooks that the block adds to it."""
    bare, before, teardown = app.wsgi_app, app.before_request, app.teardown_request
    app.wsgi_app = inner_layer(bare)  # type: ignore[assignment, method-assign]
    app.before_request = lambda hook: before(isolated_hook(hook))  # type: ignore[assignment, method-assign, return-value]
    app.teardown_request = lambda hook: teardown(isolated_hook(hook))  # type: ignore[assignment, method-assign, return-value]
    try:
        yield
    finally:
        del app.before_request, app.teardown_request  # the class's own again
    app.wsgi_app = outer_layer(app.wsgi_app, bare)  # type: ignore[assignment, method-assign]


def inner_layer(bare: "WSGIApplication") -> "WSGIApplication":
    """Record that the application was reached, and its answer."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ[ANSWER] = None

        # Its annotations are quoted: else each request would evaluate them.
        def start(status: str, headers: "list[tuple[str, str]]", *exc_info: Any) -> "Callable[[bytes], object]":  # noqa: ANN401  # WSGI's own
            try:
                return start_response(status, headers, *exc_info)
            except Exception as error:
                server = environ[START]
                if server is None:  # the server's own error, not the instrumentor's
                    raise
                log_failure("answering_a_request", error)
                return server(status, headers, *exc_info)  # type: ignore[no-any-return]

        answer = environ[ANSWER] = bare(environ, start)
        return answer

    return application


def outer_layer(observed: "WSGIApplication", bare: "WSGIApplication") -> "WSGIApplication":
    """Return the application's answer; call the application first if the instrumentor did not."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: "list[tuple[str, str]]", *exc_info: Any) -> "Callable[[bytes], object]":  # noqa: ANN401  # as above
            environ[START] = None
            return start_response(status, headers, *exc_info)

        environ[START] = start
        try:
            return observed(environ, start)
        except Exception as error:
            answer: Iterable[bytes] | None = environ.get(ANSWER)
            if answer is None and ANSWER in environ:
                raise
            log_failure("observing_a_request", error)
            return bare(environ, start_response) if answer is None else answer

    return application


def isolated_hook(hook: Callable[..., Any]) -> Callable[..., None]:
    """Wrap a hook: log its exception, and reset the context so that a half-done hook affects no later request."""

    def call(*arguments: object) -> None:
        if START not in request.environ:  # a probe, which bypasses the instrumentor's layer
            return
        try:
            hook(*arguments)
        except Exception as error:  # noqa: BLE001  # the request is worth more
            attach(Context())
            log_failure("observing_a_request", error)

    return call
