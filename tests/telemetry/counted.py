# SPDX-License-Identifier: Apache-2.0
"""Workers whose requests are counted by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.telemetry.exposition import Families, Family
from app.telemetry.workers import Workers


class Counted:
    """A worker whose requests are counted by hand."""

    def __init__(self, slot: int) -> None:
        self.requests = 0
        self.workers = Workers(slot, self.read)

    def read(self) -> Families:
        return {
            "requests_total": Family("counter", "", {"requests_total{}": float(self.requests)}),
            "active": Family("gauge", "", {"active{}": 1.0}),
        }

    def page(self) -> dict[str, float]:
        """Scrape this worker."""
        lines = [line for line in self.workers.page().splitlines() if not line.startswith("#")]
        return {key: float(value) for key, value in (line.rsplit(" ", 1) for line in lines)}

    def total(self, slots: int) -> float:
        page = self.page()
        return sum(page.get(requests_of(slot), 0.0) for slot in range(slots))


def requests_of(slot: int) -> str:
    return f'requests_total{{worker="{slot}"}}'


@contextmanager
def running(directory: Path, *slots: int) -> Iterator[list[Counted]]:
    """Let one worker per slot join; leave at the end."""
    counted = [Counted(slot) for slot in slots]
    for each in counted:
        each.workers.join(directory)
    yield counted
    for each in counted:
        each.workers.leave()


def kill(worker: Counted) -> None:
    """End a worker as SIGKILL does: without a final flush, and the socket's file stays."""
    worker.workers._server.close()  # noqa: SLF001
    worker.workers._directory = None  # noqa: SLF001
