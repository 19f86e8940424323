# SPDX-License-Identifier: Apache-2.0
"""The command that makes an API key: flask --app app.wsgi api-key."""

import secrets
from datetime import datetime

import click
from flask import Flask

from app.access import ApiKey, Scope, fingerprint
from app.access_entries import NAMES, is_name, key_entry

SECRET_BYTES = 32  # 256 random bits can't be guessed, so a plain hash is safe to store


def register_commands(app: Flask) -> None:
    """Add the command to `flask`."""
    app.cli.add_command(api_key)


def _named(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not is_name(value):
        raise click.BadParameter(NAMES)
    return value


@click.command("api-key")
@click.option("--id", "key_id", required=True, callback=_named, help="Names the key in logs.")
@click.option("--client", required=True, callback=_named, help="Whose data the key reaches.")
@click.option("--scope", "scopes", required=True, multiple=True, type=click.Choice([scope.value for scope in Scope]))
@click.option("--expires-on", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it works, in UTC.")
def api_key(key_id: str, client: str, scopes: tuple[str, ...], expires_on: datetime | None) -> None:
    """Make a key; print its secret, which is not stored, and its entry for API_KEYS."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    until = expires_on.date() if expires_on else None
    key = ApiKey(key_id, client, frozenset(map(Scope, scopes)), fingerprint(secret), until)
    click.echo("The secret, for the caller alone; it is shown this once:", err=True)
    click.echo(secret)
    click.echo("The entry for the array in API_KEYS:", err=True)
    click.echo(key_entry(key))
