# SPDX-License-Identifier: Apache-2.0
"""`standard` with the usual log record for each request."""

from unittest.mock import patch

from flask import Flask

from app.telemetry import setup
from bench.cost.variants import standard
from bench.cost.variants.request_log import add_request_log

flush = standard.flush


def create() -> Flask:
    """Build the service from the environment's settings, without this optimisation."""
    with patch.object(setup, "add_request_line", add_request_log):
        return standard.create()
