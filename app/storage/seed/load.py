# SPDX-License-Identifier: Apache-2.0
"""Brings a portfolio into the database: in batches, each whole or not there, so that it can be stopped at any time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from io import StringIO
from itertools import islice
from typing import Final

from psycopg2 import connect, extensions

from app.database_url import connection_arguments
from app.storage.seed.copying import COLUMNS, Batch, render
from app.storage.seed.portfolio import Portfolio, history
from app.storage.waiting import CONNECT_SECONDS

BATCH_LOANS: Final = (
    250  # about a third of a second: what is lost when it is stopped, and one round of the progress bar
)
LOCK_KEY: Final = 0x73656564  # "seed" in ASCII
# A batch that takes a minute waits for a lock; DDL must not wait for it any longer.
SESSION: Final = "-c statement_timeout=60000 -c lock_timeout=5000 -c timezone=UTC"

Connection = extensions.connection
Progress = Callable[[int], None]


class SeedError(Exception):
    """The portfolio cannot be brought in; the text is one line."""


@contextmanager
def session(database_url: str) -> Iterator[Connection]:
    """Connect in a way that COPY can use, unlike the service's own; raise SeedError while another seed is at work.

    While it lasts, connections of this process wait without the service's limits.
    """
    callback = extensions.get_wait_callback()
    extensions.set_wait_callback(None)
    try:
        limits = {"connect_timeout": CONNECT_SECONDS, "application_name": "loan-service-seed", "options": SESSION}
        opened = connect(**connection_arguments(database_url) | limits)
        with closing(opened) as connection:
            if not _ask(connection, "SELECT pg_try_advisory_lock(%s)", LOCK_KEY)[0][0]:
                raise SeedError("another seed is at work in this database")
            connection.commit()
            yield connection
    finally:
        extensions.set_wait_callback(callback)


def missing(connection: Connection, portfolio: Portfolio, loans: int) -> list[int]:
    """Give the numbers of the loans that are not there yet."""
    query = "SELECT external_ref FROM loan WHERE client_id = %s AND starts_with(external_ref, %s)"
    there = {row[0] for row in _ask(connection, query, portfolio.client_id, portfolio.prefix)}
    connection.commit()
    return [index for index in range(1, loans + 1) if portfolio.ref(index) not in there]


def load(connection: Connection, portfolio: Portfolio, indices: Sequence[int], progress: Progress) -> dict[str, int]:
    """Insert these loans, one batch per transaction, and return the rows by table; `progress` gets each batch's loans.

    While the database inserts one batch, a thread generates the next.
    """
    added = dict.fromkeys(COLUMNS, 0)
    numbers = iter(indices)
    with ThreadPoolExecutor(1, "seed") as maker:

        def make() -> Future[Batch]:
            return maker.submit(_make, portfolio, list(islice(numbers, BATCH_LOANS)))

        coming = make()
        while (batch := coming.result()).rows["loan"]:
            coming = make()
            copy_in(connection, batch)
            for table, rows in batch.rows.items():
                added[table] += rows
            progress(batch.rows["loan"])
    return added


def copy_in(connection: Connection, batch: Batch) -> None:
    """Add a batch in one transaction."""
    with connection, connection.cursor() as cursor:
        for table, columns in COLUMNS.items():
            cursor.copy_expert(f"COPY {table} ({columns.replace(' ', ', ')}) FROM STDIN", StringIO(batch.text[table]))


def _make(portfolio: Portfolio, indices: Sequence[int]) -> Batch:
    return render(history(portfolio, index) for index in indices)


def refresh_statistics(connection: Connection) -> None:
    """Run ANALYZE for the planner: the server does so by itself only after up to a minute."""
    with connection, connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(COLUMNS)}")


def _ask(connection: Connection, query: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()
