# SPDX-License-Identifier: Apache-2.0
"""The command that fills a development database with a portfolio that has a history."""

import time
from datetime import UTC, date, datetime
from typing import Final

import click

from app.access_entries import NAMES, is_name
from app.settings import Environment, Settings
from app.storage.commands.refusal import Refusal, refused_by_name
from app.storage.seed.load import Connection, SeedError, load, missing, refresh_statistics, session
from app.storage.seed.overview import overview
from app.storage.seed.portfolio import MOST_LOANS, Portfolio

STOPPED: Final = 130  # a shell's exit code for a program that Ctrl-C ended
LARGEST_SEED: Final = 10**6 - 1
HELP: Final = """Fill the database with a made-up portfolio that has a history.

Borrowers, applications over three years, decisions, payments, fees, arrears, reversals and charge-offs, all by the
rules of the service, up to the day before --as-of. No borrower is a real person.

The same --seed, --client and --as-of give the same loans. It may be stopped at any time and started again: what is
there stays, and only what is missing is added.
"""


def seed_command(settings: Settings) -> click.Command:
    """Make the command for the database of the settings."""

    @click.command("seed", help=HELP)
    @click.option("--loans", type=click.IntRange(1, MOST_LOANS), default=10_000, show_default=True, help="How many.")
    @click.option("--seed", "number", type=click.IntRange(0, LARGEST_SEED), default=1, show_default=True, help="Which.")
    @click.option("--client", default="demo", show_default=True, callback=_named, help="Whose loans they are.")
    @click.option("--as-of", callback=_day, default="today", show_default=True, help="YYYY-MM-DD, in UTC.")
    @click.option("--force", is_flag=True, help="Also where APP_ENV is not dev.")
    def command(loans: int, number: int, client: str, as_of: date, *, force: bool) -> None:
        if settings.environment is not Environment.DEV and not force:
            raise Refusal(f"APP_ENV is {settings.environment}: made-up loans belong among real ones only with --force")
        portfolio = Portfolio(client, number, as_of)
        try:
            with refused_by_name(), session(settings.database_url) as connection:
                _run(connection, portfolio, loans)
        except SeedError as error:
            raise Refusal(str(error)) from None

    return command


def _named(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not is_name(value):
        raise click.BadParameter(NAMES)
    return value


def _day(_context: click.Context, _parameter: click.Parameter, value: str) -> date:
    today = datetime.now(UTC).date()
    try:
        day = today if value == "today" else date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("a day is expected, YYYY-MM-DD") from None
    if day > today:
        raise click.BadParameter("today, in UTC, or an earlier day is expected")
    return day


def _run(connection: Connection, portfolio: Portfolio, loans: int) -> None:
    began = time.perf_counter()
    indices = missing(connection, portfolio, loans)
    click.echo(f"Seed {portfolio.seed} of client {portfolio.client_id} as of {portfolio.as_of}: {loans} loans")
    if not indices:
        click.echo("Nothing to do: all of them are there.")
    else:
        if len(indices) < loans:
            click.echo(f"{loans - len(indices)} of them are there, {len(indices)} are missing.")
        added = _load(connection, portfolio, indices)
        refresh_statistics(connection)
        rows = ", ".join(f"{count} {table}" for table, count in added.items())
        click.echo(f"Added in {time.perf_counter() - began:.1f} s, in rows: {rows}")
    for name, count in overview(connection, portfolio).items():
        click.echo(f"  {name:<24}{count:>8}")


def _load(connection: Connection, portfolio: Portfolio, indices: list[int]) -> dict[str, int]:
    done = 0
    with click.progressbar(length=len(indices), label="Adding loans", show_pos=True, show_eta=True) as bar:

        def advance(count: int) -> None:
            nonlocal done
            done += count
            bar.update(count)

        try:
            return load(connection, portfolio, indices, advance)
        except KeyboardInterrupt:
            click.echo(f"\nStopped after {done} of {len(indices)} loans; the same command goes on from there.")
            raise click.exceptions.Exit(STOPPED) from None
