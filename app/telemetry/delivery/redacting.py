# SPDX-License-Identifier: Apache-2.0
"""Redacts spans before they are exported, by the instrumentation scope that made them.

Allowlisted scopes make spans from client input: only listed attributes are exported. The application's own scopes keep
all attributes. Every other scope loses the attributes that the conventions define as personal, from its events and
links as well. An exception of the database loses its message, which quotes rows; so does each exception that an
instrumentor of OpenTelemetry records: an HTTP client's quotes the URL with its query. The collector redacts a second
time.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanKind, Status
from opentelemetry.util.types import AnyValue

from app.telemetry import semconv
from app.telemetry.delivery.database import DATABASE_SCOPE, Database, statement_attributes
from app.telemetry.delivery.texts import as_text, without_literals, without_query
from app.telemetry.safety import log_failure

HTTP_SCOPE: Final = "opentelemetry.instrumentation.flask"
LIGHT_SCOPE: Final = "app.telemetry_light"
ALLOWLISTED: Final = frozenset({HTTP_SCOPE, DATABASE_SCOPE, LIGHT_SCOPE})
OWN: Final = re.compile(rf"(?:app|{re.escape(semconv.SERVICE)})(?:\..*)?")
# The instrumentors also record the client's address, user agent, query string and Host header. An allowlist stays safe
# when their next version adds an attribute; a denylist does not.
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
# What the instrumentors record and the allowlists exclude on purpose: dropped without a log line.
LEFT_OUT: Final = frozenset(
    {
        "client.address",
        "client.port",
        "db.user",
        "http.request.method_original",
        "network.peer.address",
        "network.peer.port",
        "server.address",
        "server.port",
        "url.path",
        "url.query",
        "user_agent.original",
    }
)
# Names of current and former conventions for a person's identity or input.
PERSONAL: Final = re.compile(
    r"(?:client|source)\.(?:address|port)|network\.peer\.address|user_agent\.original|url\.query|session\.id"
    r"|(?:enduser|user|http\.request\.header|http\.response\.header|db\.query\.parameter)\..*|db\.statement\.parameters"
    r"|http\.(?:user_agent|client_ip)|net\.(?:peer\.ip|sock\.peer\.addr)"
)
# Attributes that stay, without the part that may be personal.
SHORTENED: Final[Mapping[str, Callable[[str], str]]] = {
    "url.full": without_query,
    "http.url": without_query,
    "http.target": without_query,
    "db.query.text": without_literals,
    "db.statement": without_literals,
}
EXCEPTION: Final = "exception"  # the conventions' name of the event
TYPE: Final = frozenset({semconv.EXCEPTION_TYPE})
MESSAGE: Final = "exception.message"  # SQLAlchemy's begins with the driver's class; the stack may be cut before it
TEXTS: Final = (semconv.EXCEPTION_TYPE, MESSAGE, semconv.EXCEPTION_STACKTRACE)
INSTRUMENTOR: Final = "opentelemetry.instrumentation."
DRIVER: Final = "psycopg2"  # in the type or the stack of an exception: its text may quote a row
MAX_LOGGED: Final = 256  # attribute names come from code, so there are few; a bound in case they don't

_logger = logging.getLogger(__name__)

Attributes = Mapping[str, AnyValue]


class RedactingSpanExporter(SpanExporter):
    """Redacts spans before another exporter, and logs the name of each dropped attribute once."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._logged: set[tuple[str, str]] = set()
        self.database: Database | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export redacted copies."""
        return self._exporter.export([self._isolated(span) for span in spans])

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the exporter."""
        return self._exporter.force_flush(timeout_millis)

    def _isolated(self, span: ReadableSpan) -> ReadableSpan:
        try:
            return self.redacted(span)
        except Exception as error:  # noqa: BLE001  # one span must not cost its batch
            log_failure("redacting_a_span", error)
            return copy(span, {}, [], [])

    def redacted(self, span: ReadableSpan) -> ReadableSpan:
        """Return a redacted copy of a span, or the span itself if there is nothing to redact."""
        scope = span.instrumentation_scope.name if span.instrumentation_scope else ""
        if scope in ALLOWLISTED:
            return self._allowlisted(span, scope)
        clean = unchanged if OWN.fullmatch(scope) else without_personal
        instrumentor = scope.startswith(INSTRUMENTOR)
        given = span.attributes or {}
        attributes = clean(given)
        events = [
            without_texts(event)
            if quotes_rows(event) or (instrumentor and event.name == EXCEPTION)
            else event_with(event, clean)
            for event in span.events
        ]
        links = [link_with(link, clean) for link in span.links]
        quoting = instrumentor or any(map(quotes_rows, span.events)) or DRIVER in (span.status.description or "")
        status = Status(span.status.status_code) if quoting and span.status.description else span.status
        kept, before = (attributes, status, *events, *links), (given, span.status, *span.events, *span.links)
        if all(now is then for now, then in zip(kept, before, strict=True)):
            return span  # it also has the counts of what its limits dropped; a copy loses them
        return copy(span, attributes, events, links, status)

    def _allowlisted(self, span: ReadableSpan, scope: str) -> ReadableSpan:
        listed = ALLOWED.get(span.kind, frozenset())
        attributes = dict(span.attributes or {})
        if scope == DATABASE_SCOPE and self.database:
            attributes = self.database.attributes | statement_attributes(attributes, span.events)
        kept = self._listed(scope, attributes, listed)
        path = kept.pop(semconv.URL_PATH, None)
        if path is not None and semconv.HTTP_ROUTE in kept:  # without a route the path is client input
            kept[semconv.URL_PATH] = as_text(str(path))
        events = [
            without_texts(event) if event.name == EXCEPTION else self._event(scope, event, listed)
            for event in span.events
        ]
        links = [Link(link.context, self._listed(scope, link.attributes or {}, listed)) for link in span.links]
        return copy(span, kept, events, links)

    def _event(self, scope: str, event: Event, listed: frozenset[str]) -> Event:
        return Event(event.name, self._listed(scope, event.attributes or {}, listed), event.timestamp)

    def _listed(self, scope: str, attributes: Attributes, listed: frozenset[str]) -> dict[str, AnyValue]:
        for name in attributes.keys() - listed - LEFT_OUT:
            self._log_dropped(scope, name)
        return {name: value for name, value in attributes.items() if name in listed}

    def _log_dropped(self, scope: str, name: str) -> None:
        if (scope, name) not in self._logged and len(self._logged) < MAX_LOGGED:
            self._logged.add((scope, name))
            _logger.warning(semconv.EVENT_SPAN_ATTRIBUTE_DROPPED, extra={"scope": scope, "attribute": name})


def unchanged(attributes: Attributes) -> Attributes:
    """Keep all attributes."""
    return attributes


def event_with(event: Event, clean: Callable[[Attributes], Attributes]) -> Event:
    """Return an event with cleaned attributes, or the event itself if there is nothing to remove."""
    given = event.attributes or {}
    kept = clean(given)
    return event if kept is given else Event(event.name, kept, event.timestamp)


def link_with(link: Link, clean: Callable[[Attributes], Attributes]) -> Link:
    """Return a link with cleaned attributes, or the link itself if there is nothing to remove."""
    given = link.attributes or {}
    kept = clean(given)
    return link if kept is given else Link(link.context, kept)


def without_personal(attributes: Attributes) -> Attributes:
    """Remove what the conventions define as personal; return the same mapping if there is nothing to remove."""
    if not any(name in SHORTENED or PERSONAL.fullmatch(name) for name in attributes):
        return attributes
    return {
        name: SHORTENED[name](str(value)) if name in SHORTENED else value
        for name, value in attributes.items()
        if not PERSONAL.fullmatch(name)
    }


def quotes_rows(event: Event) -> bool:
    """Return whether an exception comes from the database driver, or was raised while one of these was handled."""
    attributes = event.attributes or {}
    return any(DRIVER in str(attributes.get(name, "")) for name in TEXTS)


def without_texts(event: Event) -> Event:
    """Copy an exception event with its type only."""
    kept = {name: value for name, value in (event.attributes or {}).items() if name in TYPE}
    return Event(event.name, kept, event.timestamp)


def copy(
    span: ReadableSpan,
    attributes: Attributes,
    events: Sequence[Event],
    links: Sequence[Link],
    status: Status | None = None,
) -> ReadableSpan:
    """Copy a span with other contents; without a given status, only its code is kept: its text quotes the exception."""
    return ReadableSpan(
        name=name_of(span, attributes),
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        events=events,
        links=links,
        kind=span.kind,
        status=status or Status(span.status.status_code),
        start_time=span.start_time,
        end_time=max(span.end_time or 0, span.start_time or 0),  # where the wall clock was set back meanwhile
        instrumentation_scope=span.instrumentation_scope,
    )


def name_of(span: ReadableSpan, attributes: Attributes) -> str:
    """Name a span; a statement's span by its operation and database, as the conventions define."""
    scope = span.instrumentation_scope
    if scope and scope.name == DATABASE_SCOPE and semconv.DB_NAMESPACE in attributes:
        return f"{attributes[semconv.DB_OPERATION_NAME]!s} {attributes[semconv.DB_NAMESPACE]!s}"
    return span.name
