# SPDX-License-Identifier: Apache-2.0
"""Gauges of connection pools."""

import weakref
from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from app.telemetry import semconv
from app.telemetry.safety import isolated

OTHER = "_OTHER"


class Pools:
    """Reports the pools of observed engines, each until its engine is garbage-collected."""

    def __init__(self, meter: Meter) -> None:
        self._engines: weakref.WeakSet[Engine] = weakref.WeakSet()
        meter.create_observable_up_down_counter(
            semconv.DB_CLIENT_CONNECTION_COUNT,
            [isolated(self._count)],
            "{connection}",
            "Connections of the pool, by state.",
        )
        meter.create_observable_up_down_counter(
            semconv.DB_CLIENT_CONNECTION_MAX,
            [isolated(self._max)],
            "{connection}",
            "Connections that the pool may open.",
        )

    def observe(self, engine: Engine) -> None:
        """Report the pool of an engine."""
        self._engines.add(engine)

    def _count(self, _options: CallbackOptions) -> Iterable[Observation]:
        for name, pool in self._pools():
            yield Observation(pool.checkedout(), pool_attributes(name, "used"))
            yield Observation(pool.checkedin(), pool_attributes(name, "idle"))

    def _max(self, _options: CallbackOptions) -> Iterable[Observation]:
        for name, pool in self._pools():
            overflow = pool._max_overflow  # noqa: SLF001  # SQLAlchemy has no public attribute for it
            yield Observation(pool.size() + overflow, {semconv.DB_CLIENT_CONNECTION_POOL_NAME: name})

    def _pools(self) -> Iterable[tuple[str, QueuePool]]:
        for engine in list(self._engines):
            if isinstance(engine.pool, QueuePool):
                yield engine.url.database or OTHER, engine.pool


def pool_attributes(name: str, state: str) -> dict[str, str]:
    """Label a pool's connections."""
    return {semconv.DB_CLIENT_CONNECTION_POOL_NAME: name, semconv.DB_CLIENT_CONNECTION_STATE: state}
