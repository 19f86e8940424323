# SPDX-License-Identifier: Apache-2.0
"""Migrations on tables with rows: nothing that both schemas have is lost, forward or back."""

from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from app.storage.migrate import migrate
from app.storage.reconcile import reconcile
from app.storage.seed.copying import render
from app.storage.seed.load import copy_in, session
from stack.postgres import Postgres
from tests.conftest import execute
from tests.integration.test_migrations import REVISIONS
from tests.ledger_books import histories

NUMBERS = count()
OLDEST = """
INSERT INTO loan (id, borrower_id, currency, principal_minor, annual_rate_percent, term_months, status, applied_at)
SELECT md5('loan' || n)::uuid, md5('borrower' || n / 2)::uuid, 'KWD', 1000 + n, 9.482211, 24, 'submitted',
    '2026-01-02T03:04:05.678901Z'::timestamptz + n * interval '1 day' FROM generate_series(1, 5) n
"""
# The columns of a loan in the first revision, without the status, of which it had one value.
KNOWN = """
SELECT id, borrower_id, currency, principal_minor, annual_rate_percent, term_months, applied_at FROM loan ORDER BY id
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass ORDER BY 1, 2
"""
LEFT = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public'
UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    """Give the URL of a database without any table."""
    name = f"migrated_{next(NUMBERS)}"
    yield postgres.create(name)
    execute(postgres.url(), f"DROP DATABASE {name}")


def migrate_silently(url: str, revision: str = "head") -> None:
    migrate(url, revision, echo=lambda _line: None)


def test_the_first_revision_s_loans_come_along(url: str) -> None:
    migrate_silently(url, "0001_loan")
    execute(url, OLDEST)
    before = execute(url, KNOWN)

    migrate_silently(url)

    assert execute(url, KNOWN) == before
    assert execute(url, "SELECT DISTINCT client_id, status, submitted_by, version, last_seq FROM loan") == [
        ("demo", "submitted", "unrecorded", 1, 0)
    ]
    # Their borrowers have an id only, and date from the first application.
    assert execute(url, "SELECT count(*), bool_and(erased_at IS NOT NULL) FROM borrower") == [(3, True)]
    assert execute(
        url, "SELECT count(*) FROM loan l JOIN borrower b ON b.id = borrower_id AND created_at <= applied_at"
    ) == [(5,)]
    with create_engine(url, poolclass=NullPool).connect() as connection:
        assert reconcile(connection).clean


@pytest.mark.parametrize("revision", REVISIONS[1:])
def test_each_step_can_be_taken_back_on_rows(url: str, revision: str) -> None:
    migrate_silently(url, "0001_loan")
    execute(url, OLDEST)
    before = execute(url, KNOWN)
    migrate_silently(url, REVISIONS[REVISIONS.index(revision) - 1])
    constraints = execute(url, CONSTRAINTS)

    migrate_silently(url, revision)
    migrate_silently(url, REVISIONS[REVISIONS.index(revision) - 1])

    assert execute(url, CONSTRAINTS) == constraints
    assert execute(url, KNOWN) == before


def test_a_whole_portfolio_goes_back_to_the_first_revision_and_forward_again(url: str) -> None:
    migrate_silently(url)
    with session(url) as connection:
        copy_in(connection, render(histories()))
    before, constraints = execute(url, KNOWN), execute(url, CONSTRAINTS)

    migrate_silently(url, "0001_loan")
    back = execute(url, KNOWN), execute(url, "SELECT DISTINCT status FROM loan")
    migrate_silently(url)

    assert back == (before, [("submitted",)])
    assert execute(url, KNOWN) == before
    assert execute(url, CONSTRAINTS) == constraints
    assert execute(url, "SELECT count(*) FROM loan_transaction") == [(0,)]


def test_everything_can_be_taken_back_from_full_tables(url: str) -> None:
    migrate_silently(url)
    with session(url) as connection:
        copy_in(connection, render(histories()))

    migrate_silently(url, "base")
    remains = execute(url, LEFT)
    migrate_silently(url)

    assert remains == [("alembic_version",)]
    assert execute(url, "SELECT count(*) FROM loan") == [(0,)]
