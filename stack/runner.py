# SPDX-License-Identifier: Apache-2.0
"""The whole stack: started in order of need, watched, stopped in reverse, by one thread in one loop."""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from stack.addresses import Addresses
from stack.builder import Builder
from stack.environment import read_settings
from stack.errors import StackError
from stack.facts import Facts
from stack.ports import FreePorts
from stack.running import Running, require_free_ports, stop_all
from stack.services import FIRST, SERVICES, Service
from stack.site import ROOT, Site, folder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from types import TracebackType

    from stack.ports import Ports

TICK_SECONDS = 0.1
# A start of eight workers took over 60 s at a load of 20 on two cores; a server that dies is noticed at once.
READY_SECONDS = 180.0
UP_SECONDS = 3600.0  # the first time, compilers run
DEADLY = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT}

__all__ = ["Stack", "StackError"]


@dataclass(frozen=True)
class Death:
    """A service that has ended unasked, or could not be started, and why."""

    name: str
    error: StackError


class Stack(Facts):
    """The services of one run folder; entering the context is `up`, leaving it `down`."""

    def __init__(
        self,
        run_dir: Path,
        ports: Ports | None = None,
        only: Collection[str] | None = None,
        env: Mapping[str, str] | None = None,
        services: Sequence[Service] = SERVICES,
    ) -> None:
        choice = ports or FreePorts()
        addresses = Addresses({port: choice.choose(port) for service in services for port in service.ports})
        unknown = set(only or ()) - {service.name for service in services}
        if unknown:
            raise StackError(f"no such service: {', '.join(sorted(unknown))}")
        wanted = {service.name: service for service in services if only is None or service.name in only}
        reasons = {name: service.why_missing() for name, service in wanted.items()}
        self.missing = {name: reason for name, reason in reasons.items() if reason}
        self.services = {name: service for name, service in wanted.items() if name not in self.missing}
        settings = read_settings(ROOT)
        folder = folder_of(run_dir, {**settings, **(env or {})}.get("APP_ENV"))
        self.site = Site(folder, addresses, settings, env or {}, names=frozenset(self.services))
        self.running: dict[str, Running] = {}
        self.builder = Builder([])
        self._queue: list[str] = []

    @classmethod
    @contextlib.contextmanager
    def temporary(
        cls,
        only: Collection[str] | None = None,
        env: Mapping[str, str] | None = None,
        services: Sequence[Service] = SERVICES,
    ) -> Iterator[Self]:
        """Run a copy on free ports in a folder of its own, which disappears afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="loan-stack-"))
        folder.chmod(0o711)  # PostgreSQL's user passes through
        try:
            with cls(folder, FreePorts(), only, env, services) as stack:
                yield stack
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.down()

    @property
    def complete(self) -> bool:
        """Return whether everything that can run here is ready."""
        return not self._queue and all(one.ready for one in self.running.values())

    def up(self, timeout: float = UP_SECONDS) -> None:
        """Build what is missing, start everything in order of need and wait until it is ready, or stop it all."""
        deadline = time.monotonic() + timeout
        try:
            self.begin()
            while not self.complete:
                self.tick()
                self.builder.report()
                self._require_success(deadline)
                time.sleep(TICK_SECONDS)
        except BaseException:
            self.down()
            raise

    def begin(self) -> None:
        """Check the ports, make the folders and queue every service; `tick` does the rest."""
        for service in self.services.values():
            require_free_ports(service, self.site)
        self.site.prepare()
        self.builder = Builder(service.program for service in self.services.values() if service.program)
        self._queue = list(self.services)

    def tick(self) -> None:
        """Go one step further; raise when a service has died unasked or could not be started."""
        for death in self.step():
            raise death.error

    def step(self) -> list[Death]:
        """Do one step: build, start what can start, check readiness; return the services that ended unexpectedly."""
        self.builder.tick()
        self.site.programs.update(self.builder.programs)
        for name in [name for name in self._queue if self.services[name].program in self.builder.failed]:
            self.missing[name] = str(self.builder.failed[self.services[name].program or ""])
            self._queue.remove(name)
        startable = [name for name in self._queue if self._can_start(self.services[name])]
        failed = [death for name in startable if (death := self.try_to_start(name))]
        return failed + self._deaths()

    def check(self) -> None:
        """Check the readiness of the starting services; raise when one has ended unexpectedly."""
        for death in self._deaths():
            raise death.error

    def _deaths(self) -> list[Death]:
        deaths = []
        for name, running in list(self.running.items()):
            trouble = running.look(self.site)
            if trouble:
                del self.running[name]
                stop_all([running], self.site)
                deaths.append(Death(name, StackError(trouble, running.child.tail())))
        return deaths

    def try_to_start(self, name: str) -> Death | None:
        """Start a service, and give the reason where that fails."""
        try:
            self.start(name)
        except StackError as error:
            return Death(name, error)
        return None

    def start(self, name: str, transform: Callable[[str], str] | None = None) -> None:
        """Start a service, with its main config file transformed if required; does not wait for it."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("services are tied to the thread that starts them: start them from the main thread")
        service = self.services[name]
        if name in self._queue:
            self._queue.remove(name)
        require_free_ports(service, self.site)
        try:
            self.site.write_config(name, service.files, transform)
            self.running[name] = Running.start(service, self.site)
        except OSError as error:
            raise StackError(f"{name} could not be started: {error}") from error

    def wait_ready(self, name: str, timeout: float = READY_SECONDS) -> None:
        """Wait until a started service is ready."""
        deadline = time.monotonic() + timeout
        while not self.is_ready(name):
            self.check()
            if time.monotonic() > deadline:
                raise StackError(f"{name} was not ready within {timeout:.0f} s", self.log_tail(name))
            time.sleep(TICK_SECONDS)

    def restart(self, name: str, transform: Callable[[str], str] | None = None, timeout: float = READY_SECONDS) -> None:
        """Stop a service, start it again and wait until it is ready."""
        self.stop(name)
        self.start(name, transform)
        self.wait_ready(name, timeout)

    def stop(self, name: str) -> None:
        """Stop a service in its own orderly way; returns when its ports are free."""
        if name in self._queue:
            self._queue.remove(name)
        running = self.running.pop(name, None)
        if running:
            stop_all([running], self.site)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to a service; after a deadly one, wait for the end and expect no more of it."""
        self.running[name].child.signal(number)
        if number in DEADLY:
            running = self.running.pop(name)
            running.child.finish()
            stop_all([running], self.site)

    def down(self) -> None:
        """Stop everything, clients before what they talk to, and wait until the ports are free."""
        self.builder.cancel()
        self._queue.clear()
        for order in sorted({one.service.stop_order for one in self.running.values()}, reverse=True):
            stop_all([one for one in self.running.values() if one.service.stop_order == order], self.site)
        self.running.clear()
        self.site.clear()

    def _can_start(self, service: Service) -> bool:
        built = service.program is None or service.program in self.site.programs
        first = () if service.name in FIRST else FIRST
        expected = set(self.services) - set(self.missing)
        return built and all(self.is_ready(name) for name in (*service.needs, *first) if name in expected)

    def _require_success(self, deadline: float) -> None:
        for error in self.builder.failed.values():
            raise error
        if time.monotonic() > deadline:
            late = self._queue + [name for name, one in self.running.items() if not one.ready]
            raise StackError(f"not ready in time: {', '.join(sorted(late))}")
