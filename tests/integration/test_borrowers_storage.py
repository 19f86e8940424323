# SPDX-License-Identifier: Apache-2.0
"""Borrowers in a real PostgreSQL: unique columns, locks, and the content of errors."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.domain.borrower import Borrower, erase
from app.services.ports import Taken
from app.storage.borrowers import SqlBorrowers
from app.storage.tables import BorrowerRow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Borrower(
    id=UUID(int=1),
    client_id="demo",
    external_ref="crm:1",
    full_name="Nguyễn 李",
    email="ann@mail.example",
    phone="+441632960961",
    date_of_birth=date(1990, 1, 31),
    national_id_hmac="ab" * 32,
    national_id_last4="3456",
    country="DE",
    created_at=NOON,
)
BOB = replace(
    ANN, id=UUID(int=2), external_ref="crm:2", email="bob@mail.example", national_id_hmac="cd" * 32, full_name="Bob"
)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """Give an engine whose sessions do not wait for locks."""
    engine = create_engine(database, connect_args={"options": "-c lock_timeout=200 -c timezone=UTC"})
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Give a session that is rolled back at the end."""
    with Session(engine) as session:
        yield session


@pytest.fixture
def kept(engine: Engine) -> None:
    """Keep Ann."""
    with Session(engine) as session:
        SqlBorrowers(session).add(ANN)
        session.commit()


@pytest.mark.usefixtures("kept")
def test_a_borrower_comes_back_as_it_was(session: Session) -> None:
    assert SqlBorrowers(session).find("demo", ANN.id) == ANN


@pytest.mark.usefixtures("kept")
def test_another_clients_borrower_is_no_borrower(session: Session) -> None:
    borrowers = SqlBorrowers(session)

    assert borrowers.find("rival", ANN.id) is None
    assert borrowers.lock("rival", ANN.id) is None
    assert borrowers.share("rival", ANN.id) is None
    assert borrowers.search("rival", "ann@mail.example", None) == []


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"email": ANN.email}, "uq_borrower_client_id_email"),
        ({"external_ref": ANN.external_ref}, "uq_borrower_client_id_external_ref"),
        ({"national_id_hmac": ANN.national_id_hmac}, "uq_borrower_client_id_national_id_hmac"),
    ],
)
def test_what_another_has_is_taken_for_a_new_borrower_and_a_changed_one(
    session: Session, changes: dict[str, str], constraint: str
) -> None:
    with pytest.raises(Taken) as added:
        SqlBorrowers(session).add(replace(BOB, **changes))  # type: ignore[arg-type]  # text fields
    session.rollback()
    borrowers = SqlBorrowers(session)
    borrowers.add(BOB)
    with pytest.raises(Taken) as saved:
        borrowers.save(replace(BOB, **changes))  # type: ignore[arg-type]  # text fields

    # The constraint alone, without the driver's error, which quotes the row.
    assert (str(added.value), str(saved.value)) == (constraint, constraint)
    assert added.value.__suppress_context__
    assert saved.value.__suppress_context__


@pytest.mark.usefixtures("kept")
def test_another_client_may_have_the_same_borrower(session: Session) -> None:
    borrowers = SqlBorrowers(session)

    borrowers.add(replace(ANN, id=UUID(int=3), client_id="rival"))

    assert [found.id for found in borrowers.search("rival", ANN.email, ANN.external_ref)] == [UUID(int=3)]


@pytest.mark.usefixtures("kept")
def test_a_search_takes_all_that_it_is_given(session: Session) -> None:
    borrowers = SqlBorrowers(session)
    borrowers.add(BOB)

    assert borrowers.search("demo", "bob@mail.example", None) == [BOB]
    assert borrowers.search("demo", None, "crm:1") == [ANN]
    assert borrowers.search("demo", "bob@mail.example", "crm:1") == []


@pytest.mark.usefixtures("kept")
def test_an_erased_borrowers_row_is_empty(engine: Engine) -> None:
    with Session(engine) as session:
        borrowers = SqlBorrowers(session)
        found = borrowers.lock("demo", ANN.id)
        assert found is not None
        borrowers.save(erase(found, [], NOON))
        session.commit()

    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM borrower")).mappings().one()
    assert {name: value for name, value in row.items() if value is not None} == {
        "id": ANN.id,
        "client_id": "demo",
        "external_ref": "crm:1",
        "version": 2,
        "erased_at": NOON,
        "created_at": NOON,
    }


@pytest.mark.usefixtures("kept")
def test_a_new_loan_makes_an_erasure_wait_and_nothing_else(engine: Engine) -> None:
    with Session(engine) as lending, Session(engine) as also_lending, Session(engine) as erasing:
        assert SqlBorrowers(lending).share("demo", ANN.id) == ANN
        assert SqlBorrowers(also_lending).share("demo", ANN.id) == ANN

        with pytest.raises(OperationalError) as caught:
            SqlBorrowers(erasing).lock("demo", ANN.id)

    assert getattr(caught.value.orig, "pgcode", None) == "55P03"


@pytest.mark.usefixtures("kept")
def test_an_erasure_makes_who_lends_wait_and_not_who_reads(engine: Engine) -> None:
    with Session(engine) as erasing, Session(engine) as lending, Session(engine) as reading:
        SqlBorrowers(erasing).lock("demo", ANN.id)

        assert SqlBorrowers(reading).find("demo", ANN.id) == ANN
        with pytest.raises(OperationalError):
            SqlBorrowers(lending).share("demo", ANN.id)


@pytest.mark.usefixtures("kept")
def test_a_lock_shows_what_has_changed_since_the_session_read_it(engine: Engine) -> None:
    with Session(engine) as session, Session(engine) as other:
        remembered = session.get_one(BorrowerRow, ANN.id)
        SqlBorrowers(other).save(replace(ANN, full_name="Bell", version=2))
        other.commit()

        locked = SqlBorrowers(session).lock("demo", ANN.id)

    assert locked == replace(ANN, full_name="Bell", version=2)
    assert remembered.full_name == "Bell"
