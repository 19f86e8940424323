# SPDX-License-Identifier: Apache-2.0
"""An idempotency key in a slow request, and one that is purged while it is read."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import psycopg2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.services.replies import KeyedRequest, KeyInFlight
from app.storage.idempotency import SqlIdempotencyKeys
from tests.conftest import execute

NOW = datetime(2026, 3, 1, tzinfo=UTC)
REQUEST = KeyedRequest("demo", "k", "f")
INSERT = "INSERT INTO idempotency_key (client_id, key, fingerprint, created_at) VALUES ('demo', 'k', 'f', now())"


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    """Give a session of the storage's own."""
    engine = create_engine(database)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.mark.parametrize(("limit", "error"), [("lock_timeout", KeyInFlight), ("statement_timeout", OperationalError)])
def test_a_twin_that_takes_too_long_is_distinguished_from_a_slow_database(
    session: Session, database: str, limit: str, error: type[Exception]
) -> None:
    session.execute(text(f"SET LOCAL {limit} = '100ms'"))
    with closing(psycopg2.connect(database.replace("+psycopg2", ""))) as twin, twin.cursor() as cursor:
        cursor.execute(INSERT)  # and no commit

        with pytest.raises(error):
            SqlIdempotencyKeys(session).claim(REQUEST, NOW)


def test_a_key_that_is_purged_while_it_is_read_is_taken_anew(
    session: Session, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(database, INSERT)
    find = Session.get

    def purged_first(*arguments: object, **more: object) -> object:
        execute(database, "DELETE FROM idempotency_key")
        return find(*arguments, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Session, "get", purged_first)

    assert SqlIdempotencyKeys(session).claim(REQUEST, NOW) is None
