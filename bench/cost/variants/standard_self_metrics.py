# SPDX-License-Identifier: Apache-2.0
"""`standard` whose provider counts each started and ended span, as the SDK does if its internal metrics are on."""

import os
from unittest.mock import patch

from flask import Flask
from opentelemetry.sdk.environment_variables import OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from app.telemetry import setup
from app.telemetry.tracing import build_tracer_provider
from bench.cost.variants import standard

flush = standard.flush


def create() -> Flask:
    """Build the service from the environment's settings, without this optimisation."""

    def counting(resource: Resource) -> TracerProvider:
        # For good: each tracer reads it when it is made. Not as a setting, which the service refuses.
        os.environ[OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED] = "true"
        return build_tracer_provider(resource)

    with patch.object(setup, "build_tracer_provider", counting):
        return standard.create()
