# SPDX-License-Identifier: Apache-2.0
"""Two replicas of the service behind Nginx, and their rolling restart as a deployment does it."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from stack import service_commands
from stack.polling import poll
from stack.ports import HOST, free_port
from stack.process import Child, Command
from stack.runner import Stack
from tests.chain.arbiter import Arbiter
from tests.chain.counter_rises import Totals
from tests.chain.patient_edge import lead_to
from tests.chain.signals import Page, scraped

READY_SECONDS: Final = 60.0


class Replicas:
    """The stack's own replica and a second one, each with its address; call it within the stack's thread."""

    def __init__(self, stack: Stack, workers: int) -> None:
        self._stack, self._workers = stack, workers
        self._port = free_port()
        self._folder = Path(f"{stack.site.telemetry_dir}-2")
        self._second = self._start_second()
        self._ended: Totals = Counter()
        self.urls = stack.url("api"), f"http://{HOST}:{self._port}"

    def roll(self) -> None:
        """Restart one replica after the other; Nginx sends it nothing meanwhile."""
        first, second = self.urls
        for stays, goes in ((second, first), (first, second)):
            lead_to(self._stack, stays)
            self._replace(goes)
            lead_to(self._stack, *self.urls)

    def _replace(self, url: str) -> None:
        last = poll(lambda: self._idle(url), READY_SECONDS, f"idle workers at {url}")
        self._ended += last.counts()  # what the next one counts begins at 0
        if url == self.urls[0]:
            self._stack.restart("api")
        else:
            self._second.stop()
            self._second = self._start_second()
        self.wait_until_complete()

    def _idle(self, url: str) -> Page | None:
        page = Page(url)
        return page if len(page.workers_up()) == self._workers and not page.under_way() else None

    def page(self) -> Totals:
        """Add up what all have counted, also those that have ended."""
        return self._ended + scraped(self.urls[0]) + scraped(self.urls[1])

    def wait_until_complete(self) -> None:
        """Wait until all workers of both serve."""
        for pid, url in zip((self._stack.pid("api"), self._second.pid), self.urls, strict=True):
            Arbiter(pid, url, self._workers).wait_until_complete()

    def stop(self) -> None:
        """End the second replica."""
        self._second.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start_second(self) -> Child:
        return Child(second(self._stack, self._port, self._folder))


@contextmanager
def two_replicas(stack: Stack, workers: int) -> Iterator[Replicas]:
    """Run a second replica, and lead requests to both, until the block ends."""
    replicas = Replicas(stack, workers)
    try:
        replicas.wait_until_complete()
        lead_to(stack, *replicas.urls)
        yield replicas
    finally:
        replicas.stop()


def second(stack: Stack, port: int, telemetry_dir: Path) -> Command:
    """Give the command of another replica, which differs by its port and its folder."""
    usual = service_commands.api(stack.site)
    return replace(
        usual,
        log=stack.site.output("api-2"),
        env={**usual.env, "API_PORT": str(port), "TELEMETRY_DIR": str(telemetry_dir)},
    )
