# SPDX-License-Identifier: Apache-2.0
"""`standard` with SQLAlchemy's instrumentor of statements instead of the driver's."""

from unittest.mock import patch

from flask import Flask
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import Engine

from app.telemetry import pipelines
from bench.cost.variants import standard

flush = standard.flush


def create() -> Flask:
    """Build the service from the environment's settings, without this optimisation."""

    def instrument(engine: Engine, tracer_provider: TracerProvider) -> None:
        SQLAlchemyInstrumentor().instrument(engine=engine, tracer_provider=tracer_provider)

    with patch.object(pipelines, "instrument_database", instrument):
        return standard.create()
