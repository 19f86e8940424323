# SPDX-License-Identifier: Apache-2.0
"""Old idempotency keys are deleted, recent ones are not."""

from flask import Flask

from app.storage.commands.purge_keys import purge
from tests.conftest import execute

INSERT = """
INSERT INTO idempotency_key (client_id, key, fingerprint, created_at)
SELECT 'demo', 'key-' || hours, 'f', now() - make_interval(hours => hours) FROM generate_series(1, 48) AS hours
"""


def test_keys_of_a_day_are_forgotten(app: Flask, database: str) -> None:
    execute(database, INSERT)

    said = app.test_cli_runner().invoke(args=["purge-idempotency-keys"])

    assert (said.output, said.exit_code) == ("25 idempotency keys forgotten\n", 0)
    assert execute(database, "SELECT count(*) FROM idempotency_key") == [(23,)]


def test_many_are_forgotten_batch_by_batch(database: str) -> None:
    execute(database, INSERT)

    assert purge(database, 10, batch=10) == 39


def test_without_a_database_it_reports_this_in_a_line(app: Flask, database: str) -> None:
    execute(database, "ALTER TABLE idempotency_key RENAME TO hidden")
    try:
        said = app.test_cli_runner().invoke(args=["purge-idempotency-keys"])
    finally:
        execute(database, "ALTER TABLE hidden RENAME TO idempotency_key")

    assert said.exit_code == 2
    assert said.output.startswith("Error: DATABASE_URL: the schema is not up to date")
