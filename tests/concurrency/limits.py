# SPDX-License-Identifier: Apache-2.0
"""Time limits of the service under test: longer ones, so that a pause of the machine ends no wait."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import exc

from app.domain.events import DomainEvent
from app.factory import create_app
from app.settings import Settings
from app.storage import database as limits
from app.storage.database import db
from app.storage.waiting import BoundedConnection
from tests.conftest import disposing

CLIENTS = 50
CONNECT_SECONDS = 20.0  # ten times the service's own: fifty are opened one after the other


class PatientConnection(BoundedConnection):
    """A connection whose client waits longer than a statement may take."""

    answer_seconds = 40.0


# In the order of the service's own: the wait for a lock ends before its statement, and that before its client's wait.
# Fifty that want one loan take a second or two, one after the other.
PATIENT: Mapping[str, object] = {
    "LOCK_MILLISECONDS": 20_000,
    "STATEMENT_MILLISECONDS": 30_000,
    "BoundedConnection": PatientConnection,
}


@contextmanager
def built(database: str, folder: Path, facts: list[DomainEvent], changed: Mapping[str, object]) -> Iterator[Flask]:
    """Build the service with some of its limits changed, and close its connections in the end."""
    settings = Settings.from_env({"DATABASE_URL": database, "TELEMETRY_DIR": str(folder)})
    settings = replace(settings, telemetry_disabled=True, api_threads=CLIENTS, log_level="ERROR")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in changed.items():
            patch.setattr(limits, name, value)
        app = create_app(settings, publish=facts.append)
    with disposing(app):
        yield app


def warm(app: Flask) -> None:
    """Open all connections, so that what begins at the same moment does not begin with that."""
    # A pool that is too small is for the tests to notice.
    with app.app_context(), ExitStack() as opened, suppress(exc.TimeoutError):
        for _ in range(CLIENTS):
            opened.enter_context(db.engine.connect())
