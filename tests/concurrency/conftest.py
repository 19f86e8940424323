# SPDX-License-Identifier: Apache-2.0
"""A service that can serve fifty clients at once: as many threads, each with a connection."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from app.domain.events import DomainEvent
from app.factory import create_app
from app.settings import Settings
from app.storage.database import db
from tests.concurrency.crowd import Crowd
from tests.conftest import INSERT_BORROWER, execute

CLIENTS = 50


@pytest.fixture(scope="module")
def facts() -> list[DomainEvent]:
    """Collect the facts that the service publishes."""
    return []


@pytest.fixture(scope="module")
def big_app(migrated: str, tmp_path_factory: pytest.TempPathFactory, facts: list[DomainEvent]) -> Iterator[Flask]:
    """Build the service once for all tests of a file: opening fifty connections takes a second."""
    directory = tmp_path_factory.mktemp("t")
    settings = Settings.from_env({"DATABASE_URL": migrated, "TELEMETRY_DIR": str(directory)})
    settings = replace(settings, telemetry_disabled=True, api_threads=CLIENTS, log_level="ERROR")
    app = create_app(settings, publish=facts.append)
    yield app
    with app.app_context():
        db.engine.dispose()  # the server has a hundred connections for everyone


@pytest.fixture
def crowd(big_app: Flask, facts: list[DomainEvent], database: str) -> Crowd:
    """Give the service with empty tables but for one borrower, and nothing published yet."""
    execute(database, INSERT_BORROWER)
    facts.clear()
    return Crowd(big_app, database, facts)
