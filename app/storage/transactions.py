# SPDX-License-Identifier: Apache-2.0
"""One transaction per use case; facts are published when they are true, and trouble gets a name without values."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask_sqlalchemy.session import Session
from sqlalchemy import exc, text
from sqlalchemy.orm import scoped_session

from app.domain.events import DomainEvent
from app.services.ports import CommitUnknown, EventSink, StorageUnavailable
from app.storage.accounts import SqlAccounts
from app.storage.borrowers import SqlBorrowers
from app.storage.idempotency import SqlIdempotencyKeys
from app.storage.loans import SqlLoans


class SqlUnitOfWork:
    """A transaction in PostgreSQL."""

    def __init__(self, session: Session, publish: EventSink) -> None:
        self._session = session
        self._publish = publish
        self._events: list[DomainEvent] = []
        self.loans = SqlLoans(session, publish)
        self.accounts = SqlAccounts(session)
        self.borrowers = SqlBorrowers(session)
        self.keys = SqlIdempotencyKeys(session)

    def record(self, event: DomainEvent) -> None:
        """Note a fact, to be published once it is true."""
        self._events.append(event)

    def commit(self) -> None:
        """Make everything true, then publish the facts; raise CommitUnknown when the answer got lost."""
        self._session.flush()  # so that what fails from here on is the commit itself
        try:
            self._session.commit()
        except exc.DBAPIError as error:
            raise CommitUnknown(_name(error)) from None
        for event in self._events:
            self._publish(event)


class SqlTransactions:
    """Begins the services' transactions on the app's session."""

    def __init__(self, session: scoped_session[Session], publish: EventSink) -> None:
        self._session = session
        self._publish = publish

    @contextmanager
    def __call__(self) -> Iterator[SqlUnitOfWork]:
        """Begin a transaction that writes."""
        with unavailable_by_name():
            try:
                yield SqlUnitOfWork(self._session(), self._publish)
            finally:
                # Ends what was not committed and returns the connection, so that no lock outlives the use case.
                self._session.remove()

    @contextmanager
    def snapshot(self) -> Iterator[SqlUnitOfWork]:
        """Begin a read-only transaction of one snapshot: a statement's lines add up despite concurrent writes."""
        with self() as transaction:
            self._session().execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield transaction


@contextmanager
def unavailable_by_name() -> Iterator[None]:
    """Turn trouble with the connection, a lock or a time limit into StorageUnavailable."""
    try:
        yield
    except exc.DBAPIError as error:
        if not (isinstance(error, exc.OperationalError | exc.InterfaceError) or error.connection_invalidated):
            raise
        # The driver's text quotes rows; from None, so that it does not reach a log by way of the chain either.
        raise StorageUnavailable(_name(error)) from None
    except exc.TimeoutError:
        raise StorageUnavailable("pool_timeout") from None


def _name(error: exc.DBAPIError) -> str:
    return getattr(error.orig, "pgcode", None) or type(error.orig).__name__
