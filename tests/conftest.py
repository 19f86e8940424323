# SPDX-License-Identifier: Apache-2.0
"""The service on a real PostgreSQL, started once for the session; each test finds empty tables."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import hypothesis
import psycopg2
import pytest
from flask import Flask

from app.domain.events import DomainEvent
from app.factory import create_app
from app.settings import Settings
from app.storage.database import db
from app.storage.migrate import migrate
from stack.postgres import Postgres
from tests.api_client import ApiClient, client_of
from tests.factories import BORROWER
from tests.global_providers import following

# The same examples in every run: what is found here must be found again elsewhere. A slow machine is no failure, so no
# deadline; 300 examples of up to 600 rows keep tests/property near 10 s.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=300)
hypothesis.settings.load_profile("repeatable")

TABLES = "loan, borrower, installment, loan_transaction, ledger_entry, idempotency_key"
INSERT_BORROWER = f"""
INSERT INTO borrower (id, client_id, full_name, email, country, version, created_at)
VALUES ('{BORROWER}', 'demo', 'Ada Example', 'ada@borrower.example', 'IE', 1, now())
"""  # noqa: S608  # constants


@pytest.fixture(scope="session", autouse=True)
def providers() -> Iterator[None]:
    """Let each test's service be the process's own to OpenTelemetry's API."""
    with following():
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL of our own on a free port."""
    with Postgres.temporary() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """Give the URL of a database with the newest schema."""
    url = postgres.create("loans")
    migrate(url)
    return url


@pytest.fixture
def database(migrated: str) -> str:
    """Give the URL of a database whose tables are empty."""
    empty(migrated)
    return migrated


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """Give the settings of a service without telemetry on that database."""
    settings = Settings.from_env({"DATABASE_URL": database, "TELEMETRY_DIR": str(tmp_path / "t"), "API_THREADS": "2"})
    return replace(settings, telemetry_disabled=True)


@pytest.fixture
def published() -> list[DomainEvent]:
    """Collect the facts that the service publishes."""
    return []


@pytest.fixture
def app(settings: Settings, published: list[DomainEvent]) -> Iterator[Flask]:
    """Build the service."""
    with disposing(create_app(settings, publish=published.append)) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> ApiClient:
    """Give an officer's client of the service: it may do everything but approve what it submitted."""
    return client_of(app, "officer")


@pytest.fixture
def applicant(app: Flask) -> ApiClient:
    """Give a client that may read and write."""
    return client_of(app, "applicant")


@pytest.fixture
def rival(app: Flask) -> ApiClient:
    """Give another client's officer."""
    return client_of(app, "rival")


@pytest.fixture
def borrower(database: str) -> str:
    """Give the id of a borrower who is there before the test begins."""
    execute(database, INSERT_BORROWER)
    return BORROWER


@contextmanager
def disposing(app: Flask) -> Iterator[Flask]:
    """Close a service's connections in the end: PostgreSQL has a hundred, and Python may keep unused objects."""
    yield app
    with app.app_context():
        db.engine.dispose()


def empty(database_url: str) -> None:
    """Empty all tables; `session_replication_role` disables the triggers that forbid it."""
    execute(database_url, f"SET session_replication_role = replica; TRUNCATE {TABLES}")


def execute(database_url: str, statement: str) -> list[tuple[object, ...]]:
    """Run one SQL statement beside the service and return its rows."""
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []
