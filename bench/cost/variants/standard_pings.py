# SPDX-License-Identifier: Apache-2.0
"""`standard` with a span and a measurement of each ping of the pool."""

from contextlib import nullcontext
from unittest.mock import patch

from flask import Flask

from app.telemetry import tracing
from bench.cost.variants import standard

flush = standard.flush


def create() -> Flask:
    """Build the service from the environment's settings, without this optimisation."""
    patch.object(tracing, "suppress_instrumentation", nullcontext).start()  # it is called at each ping, until the end
    return standard.create()
