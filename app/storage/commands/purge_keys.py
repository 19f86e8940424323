# SPDX-License-Identifier: Apache-2.0
"""The command that deletes idempotency keys which clients no longer repeat."""

from contextlib import closing
from typing import Final

import click
import psycopg2

from app.database_url import connection_arguments
from app.settings import Settings
from app.storage.commands.refusal import refused_by_name
from app.storage.database import connect_arguments

# The API's contract: a request without an answer is retried within a day.
KEPT_HOURS: Final = 24
# Few at a time: a statement ends well within its limit, and holds up no request with a key of its own.
BATCH: Final = 5_000
DELETE: Final = """
DELETE FROM idempotency_key WHERE (client_id, key) IN (
  SELECT client_id, key FROM idempotency_key WHERE created_at < now() - make_interval(hours => %s) LIMIT %s
)
"""


def purge_idempotency_keys(settings: Settings) -> click.Command:
    """Make the command for the database of the settings."""

    @click.command("purge-idempotency-keys")
    @click.option(
        "--older-than-hours",
        type=click.IntRange(min=1),
        default=KEPT_HOURS,
        show_default=True,
        help="The age from which on a key is forgotten.",
    )
    def command(older_than_hours: int) -> None:
        """Forget idempotency keys and their stored answers; safe to run at any time, as from cron."""
        with refused_by_name():
            deleted = purge(settings.database_url, older_than_hours)
        click.echo(f"{deleted} idempotency keys forgotten")

    return command


def purge(database_url: str, older_than_hours: int, batch: int = BATCH) -> int:
    """Delete the keys of that age, batch by batch, and give their number."""
    deleted = 0
    session = psycopg2.connect(**connection_arguments(database_url) | connect_arguments())
    with closing(session), session.cursor() as cursor:
        session.autocommit = True
        while True:
            cursor.execute(DELETE, (older_than_hours, batch))
            deleted += int(cursor.rowcount)
            if cursor.rowcount < batch:
                return deleted
