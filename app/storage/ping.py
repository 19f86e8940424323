# SPDX-License-Identifier: Apache-2.0
"""Checks whether the database answers, within a time limit that also holds if the network drops all packets."""

import threading
import time
from contextlib import closing
from queue import Empty, SimpleQueue

import psycopg2

from app.database_url import connection_arguments
from app.storage.database import connect_arguments


class Ping:
    """One question at a time, on a connection of its own: a full pool must not make the database look dead."""

    def __init__(self, database_url: str, limit_seconds: float) -> None:
        self._arguments = connection_arguments(database_url) | connect_arguments()
        self._limit_seconds = limit_seconds
        self._busy = threading.Lock()

    def __call__(self) -> bool:
        """Return whether the database answers in time; False while an earlier check still waits."""
        deadline = time.monotonic() + self._limit_seconds
        if not self._busy.acquire(timeout=self._limit_seconds):
            return False
        answer: SimpleQueue[bool] = SimpleQueue()
        # A host name lookup has no time limit; a thread can be abandoned.
        threading.Thread(target=self._ask, args=(answer,), daemon=True).start()
        try:
            return answer.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            return False

    def _ask(self, answer: SimpleQueue[bool]) -> None:
        try:
            with closing(psycopg2.connect(**self._arguments)) as connection:
                connection.cursor().execute("SELECT 1")
            answers = True
        except psycopg2.Error:
            answers = False
        finally:
            self._busy.release()
        answer.put(answers)
