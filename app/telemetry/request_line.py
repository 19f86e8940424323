# SPDX-License-Identifier: Apache-2.0
"""One line per request, the same for a success and a failure."""

import logging
import time

from flask import Flask, Response, g, request
from opentelemetry.util.http import sanitize_method

from app.telemetry import semconv

_logger = logging.getLogger(__name__)


def add_request_line(app: Flask) -> None:
    """Log each request when it is answered; probes aren't logged."""
    app.before_request(start_clock)
    app.after_request(log_request)


def start_clock() -> None:
    """Note when the request began."""
    g.request_started = time.perf_counter()


def log_request(response: Response) -> Response:
    """Write the line; the client's address and agent stay out, and so does a path that no route knows."""
    if request.path not in semconv.PROBES:
        now = time.perf_counter()
        started = g.setdefault("request_started", now)  # an earlier hook may have refused the request
        rule = request.url_rule
        fields = {
            semconv.HTTP_REQUEST_METHOD: sanitize_method(request.method),
            semconv.HTTP_ROUTE: rule.rule if rule else "",
            semconv.HTTP_RESPONSE_STATUS_CODE: response.status_code,
            semconv.HTTP_SERVER_REQUEST_DURATION: round(now - started, 6),
        }
        if rule:
            fields[semconv.URL_PATH] = request.path
        level = logging.ERROR if response.status_code >= 500 else logging.INFO  # noqa: PLR2004  # HTTP's own limit
        _logger.log(level, semconv.EVENT_HTTP_REQUEST, extra=fields)
    return response
