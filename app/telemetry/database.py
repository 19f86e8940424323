# SPDX-License-Identifier: Apache-2.0
"""What the SQLAlchemy instrumentor doesn't tell: how long statements take, how they fail, how full the pool is."""

import time
import weakref
from collections.abc import Callable, Iterable
from typing import Final

from opentelemetry import trace
from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.pool import QueuePool

from app.telemetry import redaction, semconv

OPERATIONS: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "SET"})
OTHER: Final = "_OTHER"
# Attributes of SQLAlchemy's execution context: ours, and the one where the instrumentor keeps its span.
STARTED: Final = "_loan_service_started"
SPAN: Final = "_otel_span"


class DatabaseMetrics:
    """Measures the statements of every engine and observes the pools of those it is shown."""

    def __init__(self, meter: Meter) -> None:
        self._duration: Histogram = meter.create_histogram(
            semconv.DB_CLIENT_OPERATION_DURATION, "s", "Duration of database client operations."
        )
        self._engines: weakref.WeakSet[Engine] = weakref.WeakSet()
        self._listeners: dict[str, Callable[..., None]] = {
            "before_cursor_execute": self._started,
            "after_cursor_execute": self._succeeded,
            "handle_error": self._failed,
        }
        meter.create_observable_up_down_counter(
            semconv.DB_CLIENT_CONNECTION_COUNT, [self._count], "{connection}", "Connections of the pool, by state."
        )
        meter.create_observable_up_down_counter(
            semconv.DB_CLIENT_CONNECTION_MAX, [self._max], "{connection}", "Connections that the pool may open."
        )

    def listen(self) -> None:
        """Begin to measure; on the class, so that it runs before the instrumentor ends its span."""
        for name, listener in self._listeners.items():
            event.listen(Engine, name, listener)

    def stop(self) -> None:
        """Cease to measure."""
        for name, listener in self._listeners.items():
            event.remove(Engine, name, listener)

    def observe_pool(self, engine: Engine) -> None:
        """Report the pool of an engine for as long as the engine lives."""
        self._engines.add(engine)

    def _started(  # SQLAlchemy's signature
        self,
        _connection: Connection,
        _cursor: object,
        _sql: str,
        _values: object,
        context: ExecutionContext,
        _many: bool,
    ) -> None:
        setattr(context, STARTED, time.perf_counter())

    def _succeeded(  # SQLAlchemy's signature
        self,
        _connection: Connection,
        _cursor: object,
        sql: str,
        _values: object,
        context: ExecutionContext,
        _many: bool,
    ) -> None:
        self._record(context, sql, {})

    def _failed(self, failure: ExceptionContext) -> None:
        context = failure.execution_context
        if context is None:  # no statement was under way: a connection failed
            return
        error_type = redaction.error_type(failure.original_exception)
        span = getattr(context, SPAN, trace.INVALID_SPAN)
        span.set_attribute(semconv.ERROR_TYPE, error_type)
        if code := redaction.sqlstate(failure.original_exception):
            span.set_attribute(semconv.DB_RESPONSE_STATUS_CODE, code)
        self._record(context, failure.statement or "", {semconv.ERROR_TYPE: error_type})

    def _record(self, context: ExecutionContext, statement: str, outcome: dict[str, str]) -> None:
        # Statements of probes belong to no request; like their spans they are left out.
        if trace.get_current_span().get_span_context().is_valid:
            attributes = {
                semconv.DB_SYSTEM_NAME: context.dialect.name,
                semconv.DB_OPERATION_NAME: operation_name(statement),
            }
            self._duration.record(time.perf_counter() - getattr(context, STARTED), attributes | outcome)

    def _count(self, _options: CallbackOptions) -> Iterable[Observation]:
        for name, pool in self._pools():
            yield Observation(pool.checkedout(), pool_attributes(name, "used"))
            yield Observation(pool.checkedin(), pool_attributes(name, "idle"))

    def _max(self, _options: CallbackOptions) -> Iterable[Observation]:
        for name, pool in self._pools():
            overflow = pool._max_overflow  # noqa: SLF001  # the pool has no public way to say it
            yield Observation(pool.size() + overflow, {semconv.DB_CLIENT_CONNECTION_POOL_NAME: name})

    def _pools(self) -> Iterable[tuple[str, QueuePool]]:
        for engine in self._engines:
            if isinstance(engine.pool, QueuePool):
                yield engine.url.database or OTHER, engine.pool


def operation_name(statement: str) -> str:
    """Name a statement's operation by its first word, from a closed list."""
    word = statement.lstrip()[:6].split(maxsplit=1)[:1]
    name = word[0].upper() if word else OTHER
    return name if name in OPERATIONS else OTHER


def pool_attributes(name: str, state: str) -> dict[str, str]:
    """Label a pool's connections."""
    return {semconv.DB_CLIENT_CONNECTION_POOL_NAME: name, semconv.DB_CLIENT_CONNECTION_STATE: state}
