# SPDX-License-Identifier: Apache-2.0
"""Faults of statements and of the pool; PostgreSQL itself sleeps and refuses, so telemetry sees what it would see."""

from contextlib import AbstractContextManager
from typing import Any, Final

from flask import has_request_context, request
from sqlalchemy import Engine, event, exc

from app.services.faults import FaultBoard, FaultKind
from app.services.faulty import strikes

# insufficient_resources: for the service it is like any other database that can't answer now.
FAILING: Final = "DO $$BEGIN RAISE EXCEPTION 'fault on request' USING ERRCODE = '53000'; END$$"
SLOW: Final = "SELECT pg_sleep({seconds:g}); {statement}"  # one round trip; the answer is the last statement's


def disturb_statements(engine: Engine, board: FaultBoard, prefix: str) -> None:
    """Let the faults slow_sql and failing_sql hit the statements of requests whose path has the prefix."""

    def before(  # the signature of SQLAlchemy's event
        _connection: Any,  # noqa: ANN401
        _cursor: Any,  # noqa: ANN401
        statement: str,
        parameters: Any,  # noqa: ANN401
        _context: Any,  # noqa: ANN401
        executemany: bool,
    ) -> tuple[str, Any]:
        if executemany or not (has_request_context() and request.path.startswith(prefix)):
            return statement, parameters
        if strikes(board, FaultKind.FAILING_SQL):
            return FAILING, None
        slow = board.find(FaultKind.SLOW_SQL)
        if slow and strikes(board, FaultKind.SLOW_SQL):
            return SLOW.format(seconds=slow.amount, statement=statement), parameters
        return statement, parameters

    event.listen(engine, "before_cursor_execute", before, retval=True)


def hold_connection(engine: Engine) -> AbstractContextManager[object] | None:
    """Check a connection out of the pool, to be returned on exit; None while the pool or the database gives none."""
    try:
        return engine.connect()
    except exc.SQLAlchemyError:
        return None
