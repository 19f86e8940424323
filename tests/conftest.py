# SPDX-License-Identifier: Apache-2.0
"""The service on a real PostgreSQL, started once for the session; each test finds empty tables."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.events import DomainEvent
from app.factory import create_app
from app.settings import Settings
from app.storage.migrate import migrate
from stack.postgres import Postgres


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
    execute(migrated, "TRUNCATE loan")
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
def app(settings: Settings, published: list[DomainEvent]) -> Flask:
    """Build the service."""
    return create_app(settings, publish=published.append)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Give a client of the service."""
    return app.test_client()


def execute(database_url: str, statement: str) -> list[tuple[object, ...]]:
    """Run one SQL statement beside the service and return its rows."""
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []
