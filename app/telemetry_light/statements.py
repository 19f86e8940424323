# SPDX-License-Identifier: Apache-2.0
"""A span and a measurement of each statement, by SQLAlchemy's hooks `do_execute*`.

These are the events that let a listener run the statement itself. The events before and after a statement make each
connection collect its listeners again for each operation: a quarter of telemetry's time in reading a loan.
"""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

from opentelemetry import trace
from opentelemetry.context import get_current
from opentelemetry.metrics import Histogram, Meter
from opentelemetry.trace import SpanContext, SpanKind
from opentelemetry.util.types import AttributeValue
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext

from app.telemetry import redaction, semconv
from app.telemetry.delivery.texts import without_literals
from app.telemetry.safety import log_failure
from app.telemetry.statements import operation_name
from app.telemetry_light.record import SpanRecord, Template

CACHE: Final = "_loan_service_statements"  # the attribute of the engine that holds the cache
MAX_CACHED: Final = 512  # the service has about a hundred; SQL built by concatenation has an unbounded number
Attributes = Mapping[str, AttributeValue]

NOTHING: Final[Attributes] = {}


class StatementKind(NamedTuple):
    """What all executions of a statement share: the span's template and the metric's attributes."""

    template: Template
    measured: Attributes


class Statements:
    """Instruments the statements of engines."""

    def __init__(self, meter: Meter, put: Callable[[SpanRecord], None]) -> None:
        self._put = put
        self._duration: Histogram = meter.create_histogram(
            semconv.DB_CLIENT_OPERATION_DURATION, "s", "Duration of database client operations."
        )
        self._listeners: dict[str, Callable[..., bool]] = {
            "do_execute": self._execute,
            "do_execute_no_params": self._execute_as_it_is,
            "do_executemany": self._execute_many,
        }

    def listen(self, engine: Engine) -> None:
        """Instrument an engine."""
        for name, listener in self._listeners.items():
            event.listen(engine, name, listener)

    def _execute(self, cursor: DBAPICursor, sql: str, values: Any, context: ExecutionContext) -> bool:  # noqa: ANN401  # the driver's
        return self._watch(context, sql, context.dialect.do_execute, cursor, sql, values, context)

    def _execute_as_it_is(self, cursor: DBAPICursor, sql: str, context: ExecutionContext) -> bool:
        return self._watch(context, sql, context.dialect.do_execute_no_params, cursor, sql, context)

    def _execute_many(self, cursor: DBAPICursor, sql: str, values: Any, context: ExecutionContext) -> bool:  # noqa: ANN401  # as above
        return self._watch(context, sql, context.dialect.do_executemany, cursor, sql, values, context)

    def _watch(
        self, context: ExecutionContext, sql: str, execute: Callable[..., None], *arguments: object
    ) -> Literal[True]:
        """Execute a statement; True makes SQLAlchemy skip its own execution."""
        started = time.perf_counter_ns()
        try:
            execute(*arguments)
        except Exception as error:
            self._end(context, sql, started, error)
            raise
        self._end(context, sql, started, None)
        return True

    def _end(self, context: ExecutionContext, sql: str, started: int, error: Exception | None) -> None:
        try:
            elapsed = time.perf_counter_ns() - started
            current = get_current()
            request = trace.get_current_span(current).get_span_context()
            # Statements of probes belong to no request, and each would begin a trace. SQLAlchemy's queries of the
            # server's version don't either: they run once per process, outside a transaction, in the first request.
            if request.is_valid and context.root_connection.in_transaction():
                template, measured = described(context.engine, sql)
                failure = outcome(error) if error else NOTHING
                if failure:
                    measured = {**measured, semconv.ERROR_TYPE: failure[semconv.ERROR_TYPE]}
                self._duration.record(elapsed / 1e9, measured, current)
                if request.trace_flags.sampled:
                    self._put_span(template, failure, elapsed, request)
        except Exception as trouble:  # noqa: BLE001  # telemetry must not change the statement's outcome
            log_failure("ending_a_statement", trouble)

    def _put_span(self, template: Template, failure: Attributes, elapsed: int, request: SpanContext) -> None:
        span_id = random.getrandbits(64) or 1  # an id is no secret; zero is none
        end = time.time_ns()
        start, failed = end - elapsed, bool(failure)
        self._put(SpanRecord(template, request.trace_id, span_id, request.span_id, start, end, failure, failed))


def outcome(error: BaseException) -> dict[str, AttributeValue]:
    """Return the attributes of a failed statement."""
    attributes: dict[str, AttributeValue] = {semconv.ERROR_TYPE: redaction.error_type(error)}
    if code := redaction.sqlstate(error):
        attributes[semconv.DB_RESPONSE_STATUS_CODE] = code
    return attributes


def described(engine: Engine, sql: str) -> StatementKind:
    """Return the cached description of a statement; SQLAlchemy passes the same text object again."""
    cache: dict[str, StatementKind] | None = engine.__dict__.get(CACHE)
    if cache is None or len(cache) >= MAX_CACHED:
        cache = engine.__dict__[CACHE] = {}
    if sql not in cache:
        cache[sql] = describe(engine, sql)
    return cache[sql]


def describe(engine: Engine, sql: str) -> StatementKind:
    """Build a statement's template and metric attributes from its text and the engine's URL."""
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
    return StatementKind(Template(name, SpanKind.CLIENT, attributes), measured)
