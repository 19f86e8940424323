# SPDX-License-Identifier: Apache-2.0
"""One log line per request, the same for a success and a failure."""

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
from app.telemetry.safety import log_failure

ROUTE: Final = "loan_service.route"  # in the request's environment: the matched route, for later layers
FAILED: Final = 500  # from here on a status is the server's failure, not the client's

_logger = logging.getLogger(__name__)


def add_request_line(app: Flask) -> None:
    """Log each request when its answer is final; probes aren't logged.

    Not an after_request hook: if another hook raises, Flask skips the remaining ones, and the answer changes.
    """
    finalize = app.finalize_request

    def finalize_and_log(rv: ResponseReturnValue | HTTPException, from_error_handler: bool = False) -> Response:
        response = finalize(rv, from_error_handler)
        log_request(response)
        return response

    app.finalize_request = finalize_and_log  # type: ignore[method-assign]


def log_request(response: Response) -> None:
    """Write the line, without the client's address and agent, and without a path that matches no route.

    Most lines are request lines, so they are written without a log record, which costs as much as a whole request of a
    small service; a test compares the line with the formatter's output.
    """
    # Documented by Flask but missing in its types; the proxy would look the object up at each access.
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
        except Exception as error:  # noqa: BLE001  # the answer is ready and must be sent
            log_failure("logging_a_request", error)


# Bounded: methods are client input, and a cached entry stays.
@functools.lru_cache(maxsize=1024)
def _fixed(sent_method: str, route: str | None, status: int) -> str:
    fields = {
        semconv.HTTP_REQUEST_METHOD: sanitize_method(sent_method),
        semconv.HTTP_ROUTE: route or "",
        semconv.HTTP_RESPONSE_STATUS_CODE: status,
    }
    return json.dumps(fields)[1:-1]
