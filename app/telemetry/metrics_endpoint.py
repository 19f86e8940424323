# SPDX-License-Identifier: Apache-2.0
"""GET /metrics: the union of all workers as Prometheus text, behind OPS_TOKEN when there is one."""

import hmac
import json
from collections.abc import Callable

from flask import Flask, Response, request

from app.telemetry.exposition import CONTENT_TYPE

REFUSAL = {
    "type": "about:blank",
    "title": "Unauthorized",
    "status": 401,
    "detail": "Send the operations token: Authorization: Bearer <token>.",
    "instance": "/metrics",
    "code": "unauthorized",
}


def add_metrics_endpoint(app: Flask, ops_token: str | None, page: Callable[[], str]) -> None:
    """Add the scrape endpoint at /metrics."""

    def metrics() -> Response:
        """Answer with every worker's metrics, or 401 without the token."""
        if ops_token and not is_bearer(request.headers.get("Authorization", ""), ops_token):
            headers = {"WWW-Authenticate": 'Bearer realm="operations"'}
            return Response(json.dumps(REFUSAL), 401, headers, content_type="application/problem+json")
        return Response(page(), content_type=CONTENT_TYPE)

    app.add_url_rule("/metrics", "metrics", metrics)


def is_bearer(header: str, token: str) -> bool:
    """Compare in constant time, so that the response time reveals nothing about the token."""
    scheme, _, given = header.partition(" ")
    return hmac.compare_digest(given.strip().encode(), token.encode()) and scheme.lower() == "bearer"
