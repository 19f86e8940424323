# SPDX-License-Identifier: Apache-2.0
"""Exception isolation around FlaskInstrumentor: whatever it raises, the request is answered as without it.

A layer on each side of the instrumentor's tells whose an exception is: the application's own is passed on, the
instrumentor's is logged and ends here.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, request
from opentelemetry.context import Context, attach

from app.telemetry.safety import complain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# In the request's environment: the application's answer, None as long as it is at work; and the server's own
# start_response, None once it was called.
ANSWER: Final = "loan_service.answer"
START: Final = "loan_service.start_response"


@contextmanager
def guarded(app: Flask) -> Iterator[None]:
    """Guard the application from what is put around it, and hooked into it, meanwhile."""
    bare, before, teardown = app.wsgi_app, app.before_request, app.teardown_request
    app.wsgi_app = inside(bare)  # type: ignore[assignment, method-assign]
    app.before_request = lambda hook: before(quiet(hook))  # type: ignore[assignment, method-assign, return-value]
    app.teardown_request = lambda hook: teardown(quiet(hook))  # type: ignore[assignment, method-assign, return-value]
    try:
        yield
    finally:
        del app.before_request, app.teardown_request  # the class's own again
    app.wsgi_app = outside(app.wsgi_app, bare)  # type: ignore[assignment, method-assign]


def inside(bare: "WSGIApplication") -> "WSGIApplication":
    """Note that the application was reached, and what it answered."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ[ANSWER] = None

        # Its annotations are quoted, as they would be made in each request, too.
        def start(status: str, headers: "list[tuple[str, str]]", *exc_info: Any) -> "Callable[[bytes], object]":  # noqa: ANN401  # WSGI's own
            try:
                return start_response(status, headers, *exc_info)
            except Exception as error:
                server = environ[START]
                if server is None:  # it is the server who refuses
                    raise
                complain("answering_a_request", error)
                return server(status, headers, *exc_info)  # type: ignore[no-any-return]

        answer = environ[ANSWER] = bare(environ, start)
        return answer

    return application


def outside(observed: "WSGIApplication", bare: "WSGIApplication") -> "WSGIApplication":
    """Answer as the application did, or let it answer."""

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
            complain("observing_a_request", error)
            return bare(environ, start_response) if answer is None else answer

    return application


def quiet(hook: Callable[..., Any]) -> Callable[..., None]:
    """Wrap a hook that must raise nothing, and must leave no half of its work to the thread's next request."""

    def quiet_hook(*arguments: object) -> None:
        if START not in request.environ:  # a probe, which was led past the instrumentor's layer
            return
        try:
            hook(*arguments)
        except Exception as error:  # noqa: BLE001  # the request is worth more
            attach(Context())
            complain("observing_a_request", error)

    return quiet_hook
