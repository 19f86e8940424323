# SPDX-License-Identifier: Apache-2.0
"""The service as it is, in the mode that the settings choose."""

from flask import Flask

from app import telemetry
from app.factory import create_app
from app.settings import Settings
from bench.cost.variants.bare import with_plain_route

FLUSH_SECONDS = 60.0  # a hundred times what it takes, as valgrind makes everything slower


def create() -> Flask:
    """Build the service from the environment's settings."""
    return with_plain_route(create_app(Settings.from_env()))


def flush() -> None:
    """Send what waits."""
    telemetry.shut_down(FLUSH_SECONDS)
