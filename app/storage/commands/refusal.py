# SPDX-License-Identifier: Apache-2.0
"""Ends a command in one line when it cannot do its work; a line never has a value of the database in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click
import psycopg2
from psycopg2.errors import UndefinedColumn, UndefinedTable

from app.storage.connection_errors import reason

CANNOT_RUN: Final = 2


class Refusal(click.ClickException):
    """The command cannot do its work, which is another end than having found something."""

    exit_code = CANNOT_RUN


@contextmanager
def refused_by_name() -> Iterator[None]:
    """Turn trouble with the database into a Refusal."""
    try:
        yield
    except (UndefinedTable, UndefinedColumn):
        raise Refusal(
            "DATABASE_URL: the schema is not up to date; python -m app.storage.migrate brings it up"
        ) from None
    except psycopg2.Error as error:
        raise Refusal(f"DATABASE_URL: {reason(error)}") from None
