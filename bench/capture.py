# SPDX-License-Identifier: Apache-2.0
"""Captures the statements that the service sends."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

BRACKETS = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


@dataclass(frozen=True)
class Sent:
    """A statement in psycopg2's form, and its parameters."""

    statement: str
    parameters: Mapping[str, Any]


@contextmanager
def captured(engine: Engine) -> Iterator[list[Sent]]:
    """Collect what an engine sends meanwhile, but for the brackets around it."""
    heard: list[Sent] = []

    def hear(*call: Any) -> None:  # noqa: ANN401  # SQLAlchemy's event: connection, cursor, statement, parameters, ...
        _connection, _cursor, statement, parameters, _context, many = call
        if not statement.startswith(BRACKETS):
            each: Sequence[Mapping[str, Any]] = parameters if many else [parameters]
            heard.extend(Sent(statement, dict(one)) for one in each)

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)
