# SPDX-License-Identifier: Apache-2.0
"""Adds the attributes that the conventions require on a statement's span and psycopg2's instrumentor leaves out."""

import functools
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from opentelemetry.sdk.trace import Event
from opentelemetry.util.types import AnyValue
from psycopg2 import errorcodes, errors
from sqlalchemy import URL

from app.telemetry import semconv
from app.telemetry.delivery.texts import without_literals
from app.telemetry.statements import operation_name

DATABASE_SCOPE: Final = "opentelemetry.instrumentation.psycopg2"


class Database(NamedTuple):
    """The database's address: `instrument` reads it from each connection, `instrument_connection` doesn't."""

    namespace: str | None
    address: str | None
    port: int | None

    @classmethod
    def of(cls, url: URL) -> "Database":
        """Read a database's URL."""
        return cls(url.database, url.host, url.port)

    @property
    def attributes(self) -> dict[str, AnyValue]:
        """Return the attributes that the URL has a value for."""
        named: dict[str, AnyValue] = {
            semconv.DB_NAMESPACE: self.namespace,
            semconv.SERVER_ADDRESS: self.address,
            semconv.SERVER_PORT: self.port,
        }
        return {name: value for name, value in named.items() if value is not None}


def statement_attributes(attributes: Mapping[str, AnyValue], events: Iterable[Event]) -> dict[str, AnyValue]:
    """Add the operation and the kind of a failure, and take the literals out of the statement."""
    statement = str(attributes.get(semconv.DB_QUERY_TEXT, ""))
    added: dict[str, AnyValue] = {
        semconv.DB_OPERATION_NAME: operation_name(statement),
        semconv.DB_QUERY_TEXT: without_literals(statement),  # the instrumentor leaves parameters out, but not literals
    }
    for event in events:
        failure = str((event.attributes or {}).get(semconv.EXCEPTION_TYPE, "")).rpartition(".")[2]
        if failure:
            added[semconv.ERROR_TYPE] = failure
            if code := codes().get(failure):
                added[semconv.DB_RESPONSE_STATUS_CODE] = code
    return {**attributes, **added}


@functools.cache
def codes() -> Mapping[str, str]:
    """Map psycopg2's exception classes to PostgreSQL's codes: the span has the class only."""
    found: dict[str, str] = {}
    for code in vars(errorcodes).values():
        try:
            found[errors.lookup(code).__name__] = code
        except (KeyError, TypeError):  # the module's other names; a code without a class
            continue
    return found
