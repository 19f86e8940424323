# SPDX-License-Identifier: Apache-2.0
"""The service with telemetry taken away: nothing is wrapped, hooked, measured or logged.

OTEL_SDK_DISABLED would leave the request line, whose cost is part of what is measured.
"""

from unittest.mock import patch

from flask import Flask, Response

from app import telemetry
from app.factory import create_app
from app.settings import Settings


def create() -> Flask:
    """Build the service from the environment's settings, and drop all events."""
    with patch.object(telemetry, "set_up"):
        app = create_app(Settings.from_env(), publish=lambda _event: None)
    return with_plain_route(app)


def flush() -> None:
    """Send nothing."""


def with_plain_route(app: Flask) -> Flask:
    """Add a route that does nothing and uses no database: its cost is almost only telemetry's."""
    app.add_url_rule("/plain", "plain", lambda: Response("plain", content_type="text/plain"))
    return app
