# SPDX-License-Identifier: Apache-2.0
"""The service, whose worker kills itself around a commit on a request's header; for tests only."""

import os
import signal

from flask import has_request_context, request

from app.storage.transactions import SqlUnitOfWork
from app.wsgi import app

__all__ = ["app"]

HEADER = "X-Test-Dies"
commit = SqlUnitOfWork.commit


def commit_and_die(transaction: SqlUnitOfWork) -> None:
    """Commit, unless the worker is to die before; die, if it is to."""
    when = request.headers.get(HEADER) if has_request_context() else None
    if when == "before":
        _die()
    commit(transaction)
    if when == "after":
        _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does when memory is short: nothing is cleared up
    signal.pause()  # not one line more


setattr(SqlUnitOfWork, "commit", commit_and_die)  # noqa: B010  # mypy refuses the plain form
