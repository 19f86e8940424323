# SPDX-License-Identifier: Apache-2.0
"""Bring the schema up to date before the service starts: `python -m app.storage.migrate`, safe to run twice at once."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from app.settings import Settings, SettingsError
from app.storage.connection_errors import reason
from app.storage.waiting import CONNECT_SECONDS

Echo = Callable[[str], None]

# Any constant will do; this one is "loan" in ASCII.
LOCK_KEY = 0x6C6F616E
WAIT_SECONDS = 60.0  # for another migration
PAUSE_SECONDS = 0.2
ENCODING = "UTF8"  # in another one, a borrower's name with an accent is an error of the driver
MIGRATIONS = "app.storage:migrations"
# DDL that waits for a table makes every query behind it wait too: give up early and be run again.
SESSION = "-c lock_timeout=5000 -c timezone=UTC"


class MigrationError(Exception):
    """The schema could not be brought up to date; the text is one line."""


def migrate(
    database_url: str, revision: str = "head", *, wait_seconds: float = WAIT_SECONDS, echo: Echo = print
) -> None:
    """Migrate to a revision (an id, "head" or "base"), forward or back, and print each finished step."""
    arguments = {"connect_timeout": CONNECT_SECONDS, "application_name": "loan-service-migrate", "options": SESSION}
    engine = create_engine(database_url, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
    try:
        with engine.connect() as connection, _alone(connection, wait_seconds):
            _require_encoding(connection)
            _run(connection, revision, echo)
    except DBAPIError as error:
        raise MigrationError(f"DATABASE_URL: {reason(error.orig)}") from None
    except CommandError as error:  # after a rollback to an older version of the service
        raise MigrationError(f"the schema is not one of this version: {error}") from None


def _require_encoding(connection: Connection) -> None:
    """Refuse a database that cannot hold every name; its encoding is fixed when it is created."""
    encoding = connection.scalar(text("SHOW server_encoding"))
    connection.rollback()  # each step is to be a transaction of its own
    if encoding != ENCODING:
        remedy = f"create one with ENCODING '{ENCODING}' TEMPLATE template0"
        raise MigrationError(f"DATABASE_URL: the database's encoding is {encoding}, {ENCODING} is expected: {remedy}")


def _run(connection: Connection, revision: str, echo: Echo) -> None:
    steps: list[str] = []

    def note(*, step: MigrationInfo, **_more: Any) -> None:  # noqa: ANN401  # Alembic passes what it likes
        steps.append(f"schema: {'to' if step.is_upgrade else 'back from'} {step.up_revision_id}")
        echo(steps[-1])

    config = Config()
    # By its package, not by its path: Alembic interpolates the value, and a path may have a "%".
    config.set_main_option("script_location", MIGRATIONS)
    config.attributes |= {"connection": connection, "on_version_apply": note}
    step = command.downgrade if _is_behind(connection, config, revision) else command.upgrade
    step(config, revision)
    connection.commit()
    if not steps:
        echo("schema: nothing to do")


def _is_behind(connection: Connection, config: Config, revision: str) -> bool:
    """Return whether a revision is older than the schema's, so that reaching it is a downgrade."""
    if revision in {"head", "base"}:
        return revision == "base"
    current = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # each step is to be a transaction of its own
    script = ScriptDirectory.from_config(config)
    return current is not None and any(
        step.down_revision == revision for step in script.iterate_revisions(current, "base")
    )


@contextmanager
def _alone(connection: Connection, wait_seconds: float) -> Iterator[None]:
    """Hold the advisory lock of the session, so that of two migrations at once one waits for the other."""
    deadline = time.monotonic() + wait_seconds
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK_KEY}):
        connection.rollback()
        if time.monotonic() > deadline:
            raise MigrationError(f"another migration has held the lock for {wait_seconds:g} s")
        time.sleep(PAUSE_SECONDS)
    connection.commit()
    yield  # the session's end frees the lock, whatever happens


def main() -> None:
    """Migrate the database of the settings, or print one line with the reason of a failure."""
    try:
        migrate(Settings.from_env().database_url)
    except (SettingsError, MigrationError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
