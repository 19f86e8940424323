# SPDX-License-Identifier: Apache-2.0
"""A service that can serve fifty clients at once: as many threads, each with a connection."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from app.domain.events import DomainEvent
from app.storage import waiting
from tests.concurrency.crowd import Crowd
from tests.concurrency.limits import CONNECT_SECONDS, PATIENT, built, warm
from tests.conftest import INSERT_BORROWER, execute


@pytest.fixture(scope="module")
def facts() -> list[DomainEvent]:
    """Collect the facts that the service publishes."""
    return []


@pytest.fixture(scope="module")
def big_app(migrated: str, tmp_path_factory: pytest.TempPathFactory, facts: list[DomainEvent]) -> Iterator[Flask]:
    """Build the service once for all tests of a file: opening fifty connections takes a second."""
    with (
        pytest.MonkeyPatch.context() as patch,
        built(migrated, tmp_path_factory.mktemp("t"), facts, PATIENT) as app,
    ):
        patch.setattr(waiting, "CONNECT_SECONDS", CONNECT_SECONDS)
        warm(app)
        yield app


@pytest.fixture
def crowd(big_app: Flask, facts: list[DomainEvent], database: str) -> Crowd:
    """Give the service with empty tables but for one borrower, and nothing published yet."""
    execute(database, INSERT_BORROWER)
    facts.clear()
    return Crowd(big_app, database, facts)


@pytest.fixture
def limited(crowd: Crowd, tmp_path: Path) -> Iterator[Crowd]:
    """Give the same under the limits that the service has elsewhere."""
    with built(crowd.database, tmp_path, crowd.facts, {}) as app:
        yield replace(crowd, app=app)
