# SPDX-License-Identifier: Apache-2.0
"""One started service: is it ready, has it died, and stopping it until its ports are free."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stack.cause import cause
from stack.errors import StackError
from stack.ports import is_free, require_free
from stack.process import Child

if TYPE_CHECKING:
    from collections.abc import Collection

    from stack.services import Service
    from stack.site import Site

PORTS_FREE_SECONDS = 10.0
# Of a stack with all its goroutines the cause comes first, hundreds of lines before the end.
LINES_OF_CAUSE = 500


@dataclass
class Running:
    """A service and its process."""

    service: Service
    child: Child
    started_at: float
    ready: bool = False

    @classmethod
    def start(cls, service: Service, site: Site) -> Running:
        """Start a service's process."""
        return cls(service, Child(service.command(site)), time.monotonic())

    def look(self, site: Site) -> str | None:
        """Update `ready`, and return what is wrong, if anything is."""
        code = self.child.poll()
        if self.service.ready is None and code == 0:
            self.ready = True
        elif code == -signal.SIGKILL:  # it was killed before it could report a reason: its last line is not one
            return f"{self.service.name} {self._ending(code)} (by hand, or by the system for its memory)"
        elif code is not None:
            return f"{self.service.name} {self._ending(code)}: {self._reason()}"
        elif not self.ready:
            return self._ask(site)
        return None

    def _ask(self, site: Site) -> str | None:
        try:
            self.ready = bool(self.service.ready and self.service.ready(site))
        except StackError as error:
            return f"{self.service.name}: {error}"
        if not self.ready and time.monotonic() - self.started_at > self.service.patience_seconds:
            return f"{self.service.name} was not ready within {self.service.patience_seconds:.0f} s"
        return None

    def _reason(self) -> str:
        # A server that refuses its command line prints the reason first, and then all its options.
        refusal, usage, _ = self.child.first_output().partition("\nUsage")
        return cause(refusal if usage else self.child.tail(LINES_OF_CAUSE), self.child.command.log)

    def _ending(self, code: int) -> str:
        when = "" if self.ready else " while starting"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}{when}"
        return f"ended with exit code {code}{when}"


def require_free_ports(service: Service, site: Site) -> None:
    """Refuse to start a service whose ports are in use."""
    for port in service.ports:
        require_free(port, site.addresses.chosen[port])


def stop_all(services: Collection[Running], site: Site) -> None:
    """Stop services together, by force where need be, and wait until their ports are free."""
    for running in services:
        running.child.ask_to_stop()
    for running in services:
        running.child.finish()
    ports = [site.addresses.chosen[port] for running in services for port in running.service.ports]
    deadline = time.monotonic() + PORTS_FREE_SECONDS
    while not all(map(is_free, ports)) and time.monotonic() < deadline:
        time.sleep(0.02)
