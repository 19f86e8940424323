# SPDX-License-Identifier: Apache-2.0
"""Tell what failed without quoting anyone: an exception's own words may repeat what a borrower sent."""

import errno
import traceback
from collections.abc import Iterator

import psycopg2
from sqlalchemy.exc import DBAPIError

# A recursion error has a thousand frames; the last ones say where.
MAX_FRAMES = 50


def error_type(error: BaseException) -> str:
    """Name what says most: the driver's class (UniqueViolation), the system's code (ENOSPC), else the class."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return type(error.orig).__name__
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, type(error).__name__)
    return type(error).__name__


def sqlstate(error: BaseException) -> str | None:
    """Give PostgreSQL's five-character code, if the server answered with one."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    return error.pgcode if isinstance(error, psycopg2.Error) else None


def qualified_name(error: BaseException) -> str:
    """Name an exception's class as tracebacks do."""
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def describe(error: BaseException) -> str:
    """Say what failed: the class, and for a database its code and constraint or why it can't be reached."""
    qualified = qualified_name(error)
    if not isinstance(error, psycopg2.Error):
        return qualified
    if error.pgcode is not None:
        constraint = error.diag.constraint_name
        return f"{qualified} [{error.pgcode}]" + (f" {constraint}" if constraint else "")
    # libpq's words about a connection name host, port, role and database; an operator needs them to mend it.
    if isinstance(error, psycopg2.OperationalError) and error.args:
        return f"{qualified}: {str(error.args[0]).strip().partition(chr(10))[0]}"
    return qualified


def stacktrace(error: BaseException) -> str:
    """Format the stack of an exception and its causes: source lines, never values or messages."""
    return "\n".join(
        "Traceback (most recent call last):\n"
        + "".join(traceback.format_tb(link.__traceback__, limit=-MAX_FRAMES))
        + describe(link)
        for link in reversed(list(causes(error)))
    )


def causes(error: BaseException) -> Iterator[BaseException]:
    """Walk from an exception back to what it was raised from, each once."""
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
