# SPDX-License-Identifier: Apache-2.0
"""Describes exceptions without their messages, which may quote what a borrower sent."""

import errno
import textwrap
import traceback
from collections.abc import Iterator

import psycopg2
from sqlalchemy.exc import DBAPIError

# A recursion error has a thousand frames; the last ones show the place.
MAX_FRAMES = 50
MAX_MEMBERS = 10  # of an exception group; tasks that fail together mostly fail in the same way


def error_type(error: BaseException) -> str:
    """Return the most specific name: the driver's class (UniqueViolation), the system's code (ENOSPC) or the class."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return type(error.orig).__name__
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, type(error).__name__)
    return type(error).__name__


def sqlstate(error: BaseException) -> str | None:
    """Return PostgreSQL's five-character code, if the server answered with one."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    return error.pgcode if isinstance(error, psycopg2.Error) else None


def qualified_name(error: BaseException) -> str:
    """Name an exception's class as tracebacks do."""
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def describe(error: BaseException) -> str:
    """Describe an exception: the class, and for a database its code and constraint or why it can't be reached."""
    qualified = qualified_name(error)
    if not isinstance(error, psycopg2.Error):
        return qualified
    if error.pgcode is not None:
        constraint = error.diag.constraint_name
        return f"{qualified} [{error.pgcode}]" + (f" {constraint}" if constraint else "")
    # libpq's message about a connection names host, port, role and database, which an operator needs to repair it.
    if isinstance(error, psycopg2.OperationalError) and error.args:
        return f"{qualified}: {str(error.args[0]).strip().partition(chr(10))[0]}"
    return qualified


def stacktrace(error: BaseException) -> str:
    """Format the stacks of an exception, its causes and a group's members: source lines, and `describe` of each."""
    return "\n".join(_stacktraces(error, set()))


def _stacktraces(error: BaseException, seen: set[int]) -> Iterator[str]:
    for link in reversed(list(causes(error, seen))):
        stack = "".join(traceback.format_tb(link.__traceback__, limit=-MAX_FRAMES))
        yield f"Traceback (most recent call last):\n{stack}{describe(link)}"
        if isinstance(link, BaseExceptionGroup):
            yield from _members(link, seen)


def _members(group: BaseExceptionGroup[BaseException], seen: set[int]) -> Iterator[str]:
    for number, member in enumerate(group.exceptions[:MAX_MEMBERS], 1):
        yield f"  member {number} of {len(group.exceptions)}:"
        yield from (textwrap.indent(each, "  ") for each in _stacktraces(member, seen))


def causes(error: BaseException, seen: set[int] | None = None) -> Iterator[BaseException]:
    """Follow an exception's causes, each once: a chain may contain a cycle."""
    link: BaseException | None = error
    seen = set() if seen is None else seen
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
