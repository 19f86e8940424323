# SPDX-License-Identifier: Apache-2.0
"""Operators' commands: flask --app app.wsgi check-ledger, purge-idempotency-keys, seed."""

from flask import Flask

from app.settings import Settings
from app.storage.commands.check_ledger import check_ledger_command
from app.storage.commands.purge_keys import purge_idempotency_keys
from app.storage.commands.seed import seed_command


def register_commands(app: Flask, settings: Settings) -> None:
    """Add the commands to `flask`."""
    app.cli.add_command(check_ledger_command(settings))
    app.cli.add_command(purge_idempotency_keys(settings))
    app.cli.add_command(seed_command(settings))
