# SPDX-License-Identifier: Apache-2.0
"""Connects the parts: the WSGI layer of requests, the hooks of statements, and the span queue."""

import os
from collections.abc import Callable

from flask import Flask
from opentelemetry.sdk.environment_variables import (
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
    OTEL_BSP_MAX_QUEUE_SIZE,
    OTEL_BSP_SCHEDULE_DELAY,
)
from sqlalchemy import Engine

from app.telemetry.defaults import DEFAULTS
from app.telemetry.delivery.redacting import LIGHT_SCOPE
from app.telemetry.pipelines import Providers
from app.telemetry_light.delivery import CollectorDelivery
from app.telemetry_light.encoding import RequestEncoder, encode_span
from app.telemetry_light.queue import BATCH, CAPACITY, SpanQueue
from app.telemetry_light.record import SpanRecord
from app.telemetry_light.requests import RequestLayer
from app.telemetry_light.sampling import FastSampler
from app.telemetry_light.statements import Statements

Put = Callable[[SpanRecord], None]


class LightInstrumentation:
    """A WSGI layer around requests, and SQLAlchemy hooks around statements."""

    def __init__(self, providers: Providers) -> None:
        self._queue: SpanQueue | None = None
        put = self._put(providers)
        meter = providers.meter.get_meter(LIGHT_SCOPE)
        sampler = FastSampler(providers.tracer.sampler)
        self._requests = RequestLayer(meter, sampler, put, providers.hand_over, providers.tracer.resource)
        self._statements = Statements(meter, put)

    def instrument_app(self, app: Flask) -> None:
        """Make a span and a measurement of each request."""
        self._requests.instrument(app)

    def instrument_engine(self, engine: Engine) -> None:
        """Make a span and a measurement of each statement."""
        self._statements.listen(engine)

    def close(self) -> None:
        """Export the queued spans; takes as long as the collector's answer."""
        if self._queue:
            self._queue.close()

    def _put(self, providers: Providers) -> Put:
        encoder, pipeline = RequestEncoder(dict(providers.tracer.resource.attributes), LIGHT_SCOPE), providers.pipeline
        if pipeline is not None:
            return lambda span: pipeline.take(encoder.encode([encode_span(span)]))
        if not providers.pushes_traces:
            return lambda _span: None
        self._queue = SpanQueue(
            encode_span,
            CollectorDelivery(encoder),
            providers.accounting,
            providers.meter,
            delay_seconds=float(os.environ[OTEL_BSP_SCHEDULE_DELAY]) / 1000,
            capacity=int(os.environ.get(OTEL_BSP_MAX_QUEUE_SIZE, CAPACITY)),
            batch=batch_size(),
        )
        return self._queue.put


def batch_size() -> int:
    """Return the spans per batch: our default for the SDK's processor is chosen for the SDK's slower encoder."""
    given = os.environ[OTEL_BSP_MAX_EXPORT_BATCH_SIZE]
    return BATCH if given == DEFAULTS[OTEL_BSP_MAX_EXPORT_BATCH_SIZE] else int(given)
