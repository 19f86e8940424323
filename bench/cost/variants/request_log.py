# SPDX-License-Identifier: Apache-2.0
"""A JSON line per request, as most services write it: a hook, `extra`, python-json-logger."""

import logging
import sys
import time

from flask import Flask, Response, g, request
from opentelemetry import trace
from pythonjsonlogger.json import JsonFormatter

_logger = logging.getLogger("request")


def write_json_lines() -> None:
    """Write each record as a JSON line to stdout, in place of what Gunicorn's configuration prepared."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter("{asctime}{levelname}{name}{message}", style="{"))
    logging.getLogger().handlers = [handler]
    logging.getLogger().setLevel(logging.INFO)


def add_request_log(app: Flask) -> None:
    """Log each request when it is answered."""
    app.before_request(_start)
    app.after_request(_log)


def elapsed() -> float:
    """Give the seconds since the request began."""
    started: float = g.request_log_started
    return time.perf_counter() - started


def route() -> str:
    """Name the route of the request."""
    return request.url_rule.rule if request.url_rule else ""


def _start() -> None:
    g.request_log_started = time.perf_counter()


def _log(response: Response) -> Response:
    fields = {"method": request.method, "route": route(), "status": response.status_code, "duration": elapsed()}
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        fields["trace_id"] = trace.format_trace_id(context.trace_id)
        fields["span_id"] = trace.format_span_id(context.span_id)
    _logger.info("request", extra=fields)
    return response
