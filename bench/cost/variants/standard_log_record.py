# SPDX-License-Identifier: Apache-2.0
"""`standard` with the usual log record for each request."""

from unittest.mock import patch

from flask import Flask

from app.telemetry import setup
from bench.cost.variants import standard
from bench.cost.variants.request_log import add_request_log

flush = standard.flush


def create() -> Flask:
    """Build the service as the environment's settings say, but for this."""
    with patch.object(setup, "add_request_line", add_request_log):
        return standard.create()
