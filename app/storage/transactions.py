# SPDX-License-Identifier: Apache-2.0
"""One transaction per use case; facts are published when they are true, and trouble gets a name without values."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flask_sqlalchemy.session import Session
from sqlalchemy import exc
from sqlalchemy.orm import scoped_session

from app.domain.events import DomainEvent
from app.services.ports import EventSink, StorageUnavailable, Transactions
from app.storage.repository import SqlLoanRepository

_logger = logging.getLogger(__name__)


class SqlUnitOfWork:
    """A transaction in PostgreSQL."""

    def __init__(self, session: Session, publish: EventSink) -> None:
        self._session = session
        self._publish = publish
        self.loans = SqlLoanRepository(session)

    def commit(self, *events: DomainEvent) -> None:
        """Make everything true, then publish the facts; a listener's failure does not undo them."""
        self._session.commit()
        for event in events:
            try:
                self._publish(event)
            except Exception:
                _logger.exception("event_listener_failed")


def transactions(session: scoped_session[Session], publish: EventSink) -> Transactions:
    """Give the services their transactions on the app's session."""

    @contextmanager
    def begin() -> Iterator[SqlUnitOfWork]:
        with unavailable_by_name():
            try:
                yield SqlUnitOfWork(session(), publish)
            finally:
                # Ends what was not committed and returns the connection, so that no lock outlives the use case.
                session.remove()

    return begin


@contextmanager
def unavailable_by_name() -> Iterator[None]:
    """Turn trouble with the connection, a lock or a time limit into StorageUnavailable."""
    try:
        yield
    except exc.DBAPIError as error:
        if not (isinstance(error, exc.OperationalError | exc.InterfaceError) or error.connection_invalidated):
            raise
        # The driver's text quotes rows; from None, so that it does not reach a log by way of the chain either.
        code = getattr(error.orig, "pgcode", None)
        raise StorageUnavailable(code or type(error.orig).__name__) from None
    except exc.TimeoutError:
        raise StorageUnavailable("pool_timeout") from None
