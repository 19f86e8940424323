# SPDX-License-Identifier: Apache-2.0
"""Ends waits that the server's own time limits cannot end: those on a frozen or unreachable server."""

import select
import time
from typing import Final

from psycopg2 import OperationalError, extensions

CONNECT_SECONDS: Final = 2
ANSWER_SECONDS: Final = 4.0  # more than statement_timeout, so that a working server reports the timeout itself
UNBOUNDED_SECONDS: Final = 86_400.0  # poll() takes no infinity


class BoundedConnection(extensions.connection):
    """A connection of the service: a wait on it has a time limit, after which the connection is closed."""

    answer_seconds = ANSWER_SECONDS


def bound_waits() -> None:
    """Let every BoundedConnection of this process give up in time; other connections wait as before."""
    extensions.set_wait_callback(_wait)


def _wait(connection: extensions.connection) -> None:
    deadline = time.monotonic() + _patience(connection)
    while (state := connection.poll()) != extensions.POLL_OK:
        # poll(), as select() takes no descriptor above 1023; repeated, as connecting tries one address after another.
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise OperationalError("no answer in time")


def _patience(connection: extensions.connection) -> float:
    if not isinstance(connection, BoundedConnection):
        return UNBOUNDED_SECONDS
    return CONNECT_SECONDS if connection.status == extensions.STATUS_SETUP else connection.answer_seconds
