# SPDX-License-Identifier: Apache-2.0
"""The requests by which cost is measured."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg2

from app.access import DEV_SECRETS
from app.storage.migrate import migrate
from bench import accounts, caller
from stack.postgres import Postgres

# Enough that PostgreSQL's plans are those of a service in use.
COPIES: Final = 1000


@dataclass(frozen=True)
class Route:
    """A request that is sent again and again; a write gets a new key each time."""

    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: str = ""
    loops: int = 0  # turns of an empty loop beside each request, where that is what is to be seen


def routes(borrower_id: str) -> list[Route]:
    """List the requests, in the order of the page."""
    applicant = {"Authorization": f"Bearer {DEV_SECRETS['applicant']}", "Content-Type": "application/json"}
    application = json.dumps(accounts.application(borrower_id))
    return [
        Route("GET one loan", "GET", f"/api/v1/loans/{accounts.copy_id(1)}", dict(caller.AUTHORIZATION)),
        Route("POST a loan", "POST", "/api/v1/loans", applicant, application),
        Route("no database", "GET", "/plain", {}),
    ]


def prepare(server: Postgres, folder: Path, names: list[str]) -> tuple[dict[str, str], list[Route]]:
    """Make a database for each name, all alike; give their URLs and the requests."""
    template = server.create("template_cost")
    migrate(template, echo=lambda _step: None)
    app, _ = caller.build(template, folder)
    borrower_id, _ = accounts.prepare(app, template, COPIES)
    caller.disconnect(app)
    with closing(psycopg2.connect(server.url().replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for name in names:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template_cost")  # names of variants
    return {name: server.url(name) for name in names}, routes(borrower_id)
