# SPDX-License-Identifier: Apache-2.0
"""Telemetry before traces: a Prometheus histogram of one process, and a JSON line per request."""

from flask import Flask, Response, request
from prometheus_client import Histogram

from bench.cost.variants import bare
from bench.cost.variants.request_log import add_request_log, elapsed, route, write_json_lines

flush = bare.flush


def create() -> Flask:
    """Build the service without its telemetry, and add this one."""
    write_json_lines()
    app = bare.create()
    duration = Histogram("http_request_duration_seconds", "Duration of requests.", ("method", "route", "status"))

    def observe(response: Response) -> Response:
        duration.labels(request.method, route(), response.status_code).observe(elapsed())
        return response

    app.after_request(observe)
    add_request_log(app)
    return app
