# SPDX-License-Identifier: Apache-2.0
"""Pauses of the whole machine, which are not the service's fault and are subtracted from its times."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

LOOK_SECONDS: Final = 0.02
# A thread that only sleeps is woken within milliseconds, however slow the service is.
NOTICED_SECONDS: Final = 0.2


@dataclass
class Pauses:
    """The times between two Unix times at which a thread that only sleeps was not woken."""

    noticed: list[tuple[float, float]] = field(default_factory=list)

    def within(self, start: float, end: float) -> float:
        """Give the seconds of a time that the machine stood still."""
        return sum(max(0.0, min(end, until) - max(start, since)) for since, until in self.noticed)

    def look(self, over: threading.Event) -> None:
        """Record pauses until stopped."""
        due = time.time() + LOOK_SECONDS
        while not over.wait(LOOK_SECONDS):
            now = time.time()
            if now > due + NOTICED_SECONDS:
                self.noticed.append((due, now))
            due = now + LOOK_SECONDS


@contextmanager
def noticing_pauses() -> Iterator[Pauses]:
    """Notice pauses until the block ends."""
    pauses, over = Pauses(), threading.Event()
    thread = threading.Thread(target=pauses.look, args=(over,), daemon=True)
    thread.start()
    try:
        yield pauses
    finally:
        over.set()
        thread.join()
