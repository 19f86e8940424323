# SPDX-License-Identifier: Apache-2.0
"""What a span may say outside this process."""

import functools
import re
from collections.abc import Sequence
from typing import Final

from opentelemetry.metrics import Counter
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status
from opentelemetry.util.types import AttributeValue

from app.telemetry import semconv
from app.telemetry.database import operation_name

# The instrumentors also collect the client's address, user agent, query string and Host header. A list of what may
# leave is safe with their next version as well; a list of what may not isn't.
ALLOWED: Final = {
    SpanKind.SERVER: frozenset(
        {
            semconv.HTTP_REQUEST_METHOD,
            semconv.HTTP_RESPONSE_STATUS_CODE,
            semconv.HTTP_ROUTE,
            semconv.URL_PATH,
            semconv.URL_SCHEME,
            semconv.NETWORK_PROTOCOL_VERSION,
            semconv.ERROR_TYPE,
            semconv.LOAN_BORROWER_ID,
            semconv.LOAN_ID,
            semconv.LOAN_IDEMPOTENCY_OUTCOME,
            semconv.LOAN_TRANSACTION_ID,
        }
    ),
    SpanKind.CLIENT: frozenset(
        {
            semconv.DB_SYSTEM_NAME,
            semconv.DB_NAMESPACE,
            semconv.DB_OPERATION_NAME,
            semconv.DB_QUERY_TEXT,
            semconv.DB_RESPONSE_STATUS_CODE,
            semconv.SERVER_ADDRESS,
            semconv.SERVER_PORT,
            semconv.ERROR_TYPE,
        }
    ),
}
EVENT_ATTRIBUTES: Final = frozenset({semconv.EXCEPTION_TYPE})
LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")


class GuardedExporter(SpanExporter):
    """Passes on to an exporter only what spans may say, and counts what arrived."""

    def __init__(self, exporter: SpanExporter, exported: Counter) -> None:
        self._exporter = exporter
        self._exported = exported

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export cleaned copies."""
        result = self._exporter.export([cleaned(span) for span in spans])
        failed = result is not SpanExportResult.SUCCESS
        self._exported.add(len(spans), {semconv.ERROR_TYPE: "export_failed"} if failed else {})
        return result

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the exporter."""
        return self._exporter.force_flush(timeout_millis)


def cleaned(span: ReadableSpan) -> ReadableSpan:
    """Copy a span without anything that may identify a person."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes_of(span),
        events=[event_without_words(event) for event in span.events],
        kind=span.kind,
        # The description quotes the exception; its class is in error.type, its stack in the log line.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def attributes_of(span: ReadableSpan) -> dict[str, AttributeValue]:
    """Choose a span's attributes, and mend two of them."""
    allowed = ALLOWED.get(span.kind, frozenset())
    attributes = {key: value for key, value in (span.attributes or {}).items() if key in allowed}
    if semconv.HTTP_ROUTE not in attributes:
        attributes.pop(semconv.URL_PATH, None)  # no route matched: the path is whatever someone typed
    if semconv.DB_OPERATION_NAME in attributes:  # the instrumentor writes "insert loans" with the database's name
        attributes[semconv.DB_OPERATION_NAME] = operation_name(str(attributes[semconv.DB_OPERATION_NAME]))
    if semconv.DB_QUERY_TEXT in attributes:  # parameters stay out by themselves, literals don't
        attributes[semconv.DB_QUERY_TEXT] = without_literals(str(attributes[semconv.DB_QUERY_TEXT]))
    return attributes


# SQLAlchemy writes the same statements again and again, and searching one costs half as much as the rest of its span.
@functools.lru_cache(maxsize=256)
def without_literals(statement: str) -> str:
    """Put a question mark in the place of each literal."""
    return LITERAL.sub("?", statement)


def event_without_words(event: Event) -> Event:
    """Copy an exception event with its type alone."""
    kept = {key: value for key, value in (event.attributes or {}).items() if key in EVENT_ATTRIBUTES}
    return Event(event.name, kept, event.timestamp)
