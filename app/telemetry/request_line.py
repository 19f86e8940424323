# SPDX-License-Identifier: Apache-2.0
"""One line per request, the same for a success and a failure."""

import functools
import json
import logging
import time
from typing import Final

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from opentelemetry.util.http import sanitize_method
from werkzeug.exceptions import HTTPException

from app.telemetry import semconv
from app.telemetry.logging import write_line
from app.telemetry.requests_seen import BEGUN
from app.telemetry.safety import complain

ROUTE: Final = "loan_service.route"  # in the request's environment: the matched route, for whoever comes later
FAILED: Final = 500  # from here on a status is the server's failure, not the client's

_logger = logging.getLogger(__name__)


def add_request_line(app: Flask) -> None:
    """Log each request when its answer is final; probes aren't logged.

    Not as an after_request hook: where another hook raises, Flask calls no further one, and the answer is another.
    """
    finalize = app.finalize_request

    def finalize_and_log(rv: ResponseReturnValue | HTTPException, from_error_handler: bool = False) -> Response:
        response = finalize(rv, from_error_handler)
        log_request(response)
        return response

    app.finalize_request = finalize_and_log  # type: ignore[method-assign]


def log_request(response: Response) -> None:
    """Write the line; the client's address and agent stay out, and so does a path that no route knows.

    It is most of all lines, so it does not take the way of a log record, which costs as much as a whole request of a
    small service; a test compares it with what the formatter would have written.
    """
    # Flask's documented way, which its types don't know: the proxy would look it up each time.
    current = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    environ = current.environ
    begun = environ.get(BEGUN)
    if begun is not None:
        try:
            rule, status = current.url_rule, response.status_code
            route = environ[ROUTE] = rule.rule if rule else None
            level = logging.ERROR if status >= FAILED else logging.INFO
            if _logger.isEnabledFor(level):
                elapsed = time.perf_counter() - begun
                path = "" if route is None else f', "url.path": {json.dumps(current.path)}'
                fixed = _fixed(environ["REQUEST_METHOD"], route, status)
                duration = f'"{semconv.HTTP_SERVER_REQUEST_DURATION}": {elapsed:.6f}'
                write_line(level, __name__, semconv.EVENT_HTTP_REQUEST, f"{fixed}, {duration}{path}")
        except Exception as error:  # noqa: BLE001  # the answer is ready, and must get away
            complain("logging_a_request", error)


# Methods are whatever somebody sent; what is asked for again stays.
@functools.lru_cache(maxsize=1024)
def _fixed(sent_method: str, route: str | None, status: int) -> str:
    fields = {
        semconv.HTTP_REQUEST_METHOD: sanitize_method(sent_method),
        semconv.HTTP_ROUTE: route or "",
        semconv.HTTP_RESPONSE_STATUS_CODE: status,
    }
    return json.dumps(fields)[1:-1]
