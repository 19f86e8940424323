# SPDX-License-Identifier: Apache-2.0
"""The processes of a running Gunicorn: finds workers, reloads, and kills them."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from stack.polling import poll
from tests.chain.signals import Page

PATIENCE_SECONDS: Final = 120.0  # eight workers start at once on two processors; in a reload, beside eight others
MORE: Final = 2  # workers that come and go


@dataclass(frozen=True)
class Arbiter:
    """A Gunicorn with so many workers."""

    pid: int
    url: str
    workers: int

    def wait_until_complete(self, more: int = 0, besides: frozenset[int] = frozenset()) -> None:
        """Wait until all workers serve, and no others are left.

        Each has to be on a page of the same processes, not all on one: many that share two processors, under load, do
        not all answer within a second.
        """
        expected = self.workers + more
        known: set[int] = set()
        serving: set[str] = set()

        def complete() -> bool:
            pids = workers_of(self.pid)
            if pids != known:
                known.clear()
                known.update(pids)
                serving.clear()
            serving.update(self._serving())
            return len(pids) == expected and not pids & besides and len(serving) == expected

        poll(complete, PATIENCE_SECONDS, f"{expected} workers")

    def _serving(self) -> set[str]:
        try:
            return Page(self.url).workers_up()
        except requests.RequestException:  # the worker has just ended
            return set()


def recycling(workers: int) -> str:
    """Give Gunicorn's options by which about 400 requests replace each worker once."""
    requests_each = 400 // workers
    return f"--max-requests {requests_each} --max-requests-jitter {requests_each // 4}"


def left_alone(_arbiter: Arbiter) -> None:
    """Disturb nothing."""


def recycled(arbiter: Arbiter) -> None:
    """Wait until as many workers as there are have been replaced after a number of requests."""
    known = workers_of(arbiter.pid)

    def replaced() -> bool:
        known.update(workers_of(arbiter.pid))
        return len(known) >= 2 * arbiter.workers

    poll(replaced, PATIENCE_SECONDS, "replaced workers")


def reloaded(arbiter: Arbiter) -> None:
    """Replace all workers at once, gracefully."""
    before = frozenset(workers_of(arbiter.pid))
    os.kill(arbiter.pid, signal.SIGHUP)
    arbiter.wait_until_complete(besides=before)


def scaled(arbiter: Arbiter) -> None:
    """Add workers one by one, and take as many away: the oldest go."""
    for number, more in [(signal.SIGTTIN, range(1, MORE + 1)), (signal.SIGTTOU, range(MORE - 1, -1, -1))]:
        for each in more:
            os.kill(arbiter.pid, number)
            arbiter.wait_until_complete(each)


def workers_of(arbiter: int) -> set[int]:
    """List the processes that a process has started and that have not ended."""
    return {int(status.parent.name) for status in Path("/proc").glob("[0-9]*/stat") if _is_child(status, arbiter)}


def _is_child(status: Path, parent: int) -> bool:
    try:
        state, parent_pid = status.read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(parent_pid) == parent and state != "Z"


def worker_in(arbiter: int, slot: int) -> int:
    """Find the process of the worker in a slot: the one that writes the slot's log."""
    return next(
        pid for pid in workers_of(arbiter) if any(_is_log(file, slot) for file in Path(f"/proc/{pid}/fd").iterdir())
    )


def _is_log(file: Path, slot: int) -> bool:
    try:
        return file.readlink().name.endswith(f"-w{slot}.jsonl")
    except FileNotFoundError:  # closed meanwhile
        return False
