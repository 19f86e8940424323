# SPDX-License-Identifier: Apache-2.0
"""Statements: a span and a measurement of each, from SQLAlchemy's own events.

The SQLAlchemy instrumentor makes a span of each checkout of a connection as well, measures nothing under a stable name,
and costs a third of all telemetry.
"""

import random
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from opentelemetry import trace
from opentelemetry.metrics import Histogram, Meter
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import ExecutionContext

from app.telemetry import redaction, semconv
from app.telemetry.safety import complain
from app.telemetry.spans.allowed import without_literals
from app.telemetry.spans.record import SpanRecord, Template

OPERATIONS: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "SET"})
OTHER: Final = "_OTHER"
STARTED: Final = "_loan_service_started"  # our attribute of SQLAlchemy's execution context
KNOWN: Final = "_loan_service_statements"  # and of its engine
MOST_KNOWN: Final = 512  # the service has about a hundred; those of somebody who builds them from text would never end
NOTHING: Final[Mapping[str, AttributeValue]] = {}


class Described(NamedTuple):
    """What every execution of a statement says of it."""

    template: Template
    measured: Mapping[str, AttributeValue]


class Statements:
    """Watches the statements of every engine."""

    def __init__(self, meter: Meter, put: Callable[[SpanRecord], None]) -> None:
        self._put = put
        self._duration: Histogram = meter.create_histogram(
            semconv.DB_CLIENT_OPERATION_DURATION, "s", "Duration of database client operations."
        )
        self._listeners: dict[str, Callable[..., None]] = {
            "before_cursor_execute": self._started,
            "after_cursor_execute": self._succeeded,
            "handle_error": self._failed,
        }

    def listen(self) -> None:
        """Begin to watch."""
        for name, listener in self._listeners.items():
            event.listen(Engine, name, listener)

    def stop(self) -> None:
        """Cease to watch."""
        for name, listener in self._listeners.items():
            event.remove(Engine, name, listener)

    def _started(  # SQLAlchemy's signature
        self,
        _connection: Connection,
        _cursor: object,
        _sql: str,
        _values: object,
        context: ExecutionContext,
        _many: bool,
    ) -> None:
        setattr(context, STARTED, time.perf_counter_ns())

    def _succeeded(  # SQLAlchemy's signature
        self,
        connection: Connection,
        _cursor: object,
        sql: str,
        _values: object,
        context: ExecutionContext,
        _many: bool,
    ) -> None:
        try:
            self._end(connection.engine, sql, context, None)
        except Exception as error:  # noqa: BLE001  # the statement has succeeded, and must stay so
            complain("ending_a_statement", error)

    def _failed(self, failure: ExceptionContext) -> None:
        context = failure.execution_context
        if context is None or failure.engine is None:  # no statement was under way: a connection failed
            return
        try:
            self._end(failure.engine, failure.statement or "", context, failure.original_exception)
        except Exception as error:  # noqa: BLE001  # the caller is to see the statement's error, not ours
            complain("ending_a_statement", error)

    def _end(self, engine: Engine, sql: str, context: ExecutionContext, error: BaseException | None) -> None:
        request = trace.get_current_span().get_span_context()
        if not request.is_valid:  # statements of probes belong to no request, and each would begin a trace
            return
        elapsed = time.perf_counter_ns() - getattr(context, STARTED)
        ended = time.time_ns()
        template, measured = described(engine, sql)
        told = outcome(error) if error else NOTHING
        if error:
            measured = {**measured, semconv.ERROR_TYPE: told[semconv.ERROR_TYPE]}
        self._duration.record(elapsed / 1e9, measured)
        span_id = random.getrandbits(64) or 1  # an id is no secret; zero is none
        start, failed = ended - elapsed, error is not None
        self._put(SpanRecord(template, request.trace_id, span_id, request.span_id, start, ended, told, failed))


def outcome(error: BaseException) -> dict[str, AttributeValue]:
    """Tell how a statement failed."""
    told: dict[str, AttributeValue] = {semconv.ERROR_TYPE: redaction.error_type(error)}
    if code := redaction.sqlstate(error):
        told[semconv.DB_RESPONSE_STATUS_CODE] = code
    return told


def described(engine: Engine, sql: str) -> Described:
    """Describe a statement by its text, which SQLAlchemy keeps and gives again."""
    known: dict[str, Described] | None = engine.__dict__.get(KNOWN)
    if known is None or len(known) >= MOST_KNOWN:
        known = engine.__dict__[KNOWN] = {}
    if sql not in known:
        known[sql] = describe(engine, sql)
    return known[sql]


def describe(engine: Engine, sql: str) -> Described:
    """Say what a statement does, and where."""
    system, operation, url = engine.dialect.name, operation_name(sql), engine.url
    span: dict[str, AttributeValue | None] = {
        semconv.DB_SYSTEM_NAME: system,
        semconv.DB_NAMESPACE: url.database,
        semconv.DB_OPERATION_NAME: operation,
        semconv.DB_QUERY_TEXT: without_literals(sql),  # parameters stay out by themselves, literals don't
        semconv.SERVER_ADDRESS: url.host,
        semconv.SERVER_PORT: url.port,
    }
    attributes = {name: value for name, value in span.items() if value is not None}
    name = f"{operation} {url.database}" if url.database else operation
    measured = {semconv.DB_SYSTEM_NAME: system, semconv.DB_OPERATION_NAME: operation}
    return Described(Template(name, SpanKind.CLIENT, attributes), measured)


def operation_name(statement: str) -> str:
    """Name a statement's operation by its first word, from a closed list."""
    word = statement.lstrip()[:6].split(maxsplit=1)[:1]
    name = word[0].upper() if word else OTHER
    return name if name in OPERATIONS else OTHER
