# SPDX-License-Identifier: Apache-2.0
"""The command that checks whether loans, schedules, transactions and the ledger agree."""

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import click
import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

from app.database_url import connection_arguments
from app.settings import Settings
from app.storage.commands.refusal import Refusal, refused_by_name
from app.storage.reconcile import Reconciliation, reconcile_session
from app.storage.reconcile.checks import INVARIANTS
from app.storage.waiting import CONNECT_SECONDS

VIOLATED: Final = 1
# Ten minutes: enough for some million loans, and it waits for no lock.
SESSION: Final = "-c statement_timeout=600000 -c timezone=UTC"
HELP: Final = """Check that loans, schedules, transactions and the ledger agree.

Prints a line for each invariant, with the ids of some loans where it does not hold. Changes nothing, and may run while
the service does: all is looked at as of one moment.

Ends with 0 when everything holds, 1 when something does not, 2 when it could not be checked.
"""


def check_ledger_command(settings: Settings) -> click.Command:
    """Make the command for the database of the settings."""

    @click.command("check-ledger", help=HELP)
    @click.option(
        "--since", type=click.DateTime(["%Y-%m-%d"]), help="Only loans on which something happened since that day, UTC."
    )
    @click.option("--loan", "loans", multiple=True, type=click.UUID, help="Only the loan of that id; may be repeated.")
    def command(since: datetime | None, loans: tuple[UUID, ...]) -> None:
        if since and loans:
            raise click.UsageError("either --since or --loan is expected, not both")
        began = time.perf_counter()
        with refused_by_name():
            found = _check(settings.database_url, since, loans)
        if found.loans_checked < len(set(loans)):
            raise Refusal("--loan: ids of loans that are there are expected")
        _print(found, time.perf_counter() - began)
        if not found.clean:
            raise click.exceptions.Exit(VIOLATED)

    return command


def _check(database_url: str, since: datetime | None, loans: tuple[UUID, ...]) -> Reconciliation:
    ours = {"connect_timeout": CONNECT_SECONDS, "application_name": "loan-service-check-ledger", "options": SESSION}
    opened = psycopg2.connect(**connection_arguments(database_url) | ours)
    with closing(opened) as session:
        session.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
        return reconcile_session(session, since.replace(tzinfo=UTC) if since else None, loans or None)


def _print(found: Reconciliation, seconds: float) -> None:
    for invariant in INVARIANTS:
        count = found.violations[invariant.code]
        result = f"{count} violation{'s' if count > 1 else ''}" if count else "ok"
        click.echo(f"{invariant.code:<4}{result:<16}{invariant.says}")
        if count:
            click.echo(f"{'':20}e.g. {' '.join(map(str, found.examples[invariant.code]))}")
    for currency, difference in found.imbalance_minor.items():
        if difference:
            click.echo(f"debits and credits differ by {difference} minor units of {currency}")
    result = "everything holds" if found.clean else "not everything holds"
    click.echo(f"{found.loans_checked} loans in {seconds:.1f} s: {result}")
