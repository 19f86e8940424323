# SPDX-License-Identifier: Apache-2.0
"""Start again what has died, as compose's `restart: unless-stopped` does: the death of one server stops no other.

Only an essential service (PostgreSQL, the migrations, the API) that cannot start for the first time ends `up`: then
something is wrong with its settings, and trying again would not change that. Once it has run, it is started again too,
for instance when a full disk has room again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.runner import Death, Stack

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0  # who made room on the disk waits no longer than that
# A server that has run for this long did not die of its start: the next pause is the first one again.
STABLE_SECONDS = 60.0


class Supervisor:
    """Watches a stack: one `tick` starts what can start, and restarts ended servers after a growing pause."""

    def __init__(self, stack: Stack, echo: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._stack = stack
        self._echo = echo
        self._clock = clock
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._ready_since: dict[str, float] = {}
        self._have_run: set[str] = set()

    def tick(self) -> bool:
        """Do one step and return whether a service has ended or was restarted; raise if the stack cannot continue."""
        now = self._clock()
        due = [name for name, at in self._due.items() if at <= now]
        for name in due:
            del self._due[name]
            self._stack.missing.pop(name, None)
        failed = [death for name in due if (death := self._stack.try_to_start(name))]
        deaths = failed + self._stack.step()
        for name in self._stack.running:
            if self._stack.is_ready(name):
                self._have_run.add(name)
                self._ready_since.setdefault(name, now)
        for death in deaths:
            self._plan(death, now)
        return bool(due or deaths)

    def forget(self, name: str) -> None:
        """Expect no more of a service that was stopped, or start it afresh."""
        for known in (self._due, self._pauses, self._ready_since):
            known.pop(name, None)

    def _plan(self, death: Death, now: float) -> None:
        name = death.name
        if self._stack.services[name].essential and name not in self._have_run:
            raise death.error
        if now - self._ready_since.pop(name, now) >= STABLE_SECONDS:
            self._pauses.pop(name, None)
        pause = min(2 * self._pauses.get(name, FIRST_PAUSE_SECONDS / 2), LONGEST_PAUSE_SECONDS)
        self._pauses[name] = pause
        self._due[name] = now + pause
        self._stack.missing[name] = str(death.error)
        self._echo(f"{death.error}; next start in {pause:g} s")
