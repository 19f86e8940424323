# SPDX-License-Identifier: Apache-2.0
"""The stack under a steady load: no fault of a telemetry server may affect the service."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from stack.backends import Loki, Prometheus, Tempo
from stack.process import Command
from stack.runner import Stack
from stack.site import Site
from tests.chain.traffic import Load, steady_load

# 20 s in every run, five minutes in `nox -s nightly`: the default after which a collector gives up for good.
OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "20"))
COMMAND = "gunicorn -c gunicorn.conf.py --max-requests 0"
EXPORT_SECONDS = 2.5
RATE = 40.0
LONG = OUTAGE_SECONDS >= 60  # then there is time for every control
BASELINE_SECONDS = 4.0
CONTROL_BASELINE_SECONDS = 3.0  # one export of each worker, where there is no verdict on the service
# What the load itself sends before it counts: a borrower and a loan.
SETTING_UP = 2
# A request that waited for telemetry would wait for an export's time limit, 2 s. Two busy cores, on which three servers
# start at the same time, delay requests by up to half a second.
ROOM_SECONDS = 1.0
LEAST_SHARE = 0.8  # of the rate: a service that stalls answers less

Transform = Callable[[str], str]


@dataclass
class Chain:
    """The running stack with a client for each backend, and the settings that its service starts with."""

    stack: Stack
    service: dict[str, str]
    prometheus: Prometheus
    loki: Loki
    tempo: Tempo
    _mutants: dict[str, Transform] = field(default_factory=dict)

    def stop(self, *names: str) -> None:
        """Stop services in their own orderly way."""
        for name in names:
            self.stack.stop(name)

    def kill(self, *names: str) -> None:
        """Kill services by SIGKILL."""
        for name in names:
            self.stack.kill(name)

    def start(self, *names: str) -> None:
        """Start services with the files that they have now, and wait until each is ready."""
        for name in names:
            self.begin(name)
        for name in names:
            self.stack.wait_ready(name)

    def begin(self, name: str) -> None:
        """Start a service and do not wait for it."""
        self.stack.start(name, self._mutants.get(name))

    def restart(self, *names: str) -> None:
        """Stop services and start them again."""
        self.stop(*names)
        self.start(*names)

    @contextmanager
    def started_by(self, name: str, command: Callable[[Site], Command]) -> Iterator[None]:
        """Run a service with another command, and with its usual one again afterwards."""
        usual = self.stack.services[name]
        self.stack.services[name] = replace(usual, command=command)
        try:
            self.restart(name)
            yield
        finally:
            self.stack.services[name] = usual
            self.restart(name)

    @contextmanager
    def mutated(self, name: str, mutant: Transform) -> Iterator[None]:
        """Run a service with its main file changed, also when it is killed and started again meanwhile."""
        self._mutants[name] = mutant
        try:
            self.restart(name)
            yield
        finally:
            del self._mutants[name]
            self.restart(name)

    @contextmanager
    def served_by(self, target: str) -> Iterator[None]:
        """Run the service from a module of this folder."""
        usual = self.service["API_CMD"]
        self.service["API_CMD"] = f"{COMMAND} tests.chain.durability.{target}:app"
        try:
            self.restart("api")
            yield
        finally:
            self.service["API_CMD"] = usual
            self.restart("api")


@dataclass
class Disturbed:
    """A load, when it began, and where its undisturbed part ends."""

    load: Load
    since: float
    undisturbed: int
    until: float = 0.0
    began: float = field(default_factory=time.time)

    @property
    def requests(self) -> int:
        """Give the number of requests that the service has answered, those that set up the load included."""
        return len(self.load.answers) + SETTING_UP

    def percentiles(self) -> tuple[float, float]:
        """Give the 99th percentile before the fault and from it on, in seconds."""
        seconds = self.load.seconds
        return p99(seconds[: self.undisturbed]), p99(seconds[self.undisturbed :])


@contextmanager
def loaded(chain: Chain, undisturbed_seconds: float = CONTROL_BASELINE_SECONDS) -> Iterator[Disturbed]:
    """Load the service undisturbed for a while, and run the block's faults."""
    since = time.time()
    with steady_load(chain.stack.url("nginx"), RATE) as load:
        time.sleep(undisturbed_seconds)
        disturbed = Disturbed(load, since, undisturbed=len(load.answers))
        yield disturbed
    disturbed.until = time.time()


@contextmanager
def under_load(chain: Chain) -> Iterator[Disturbed]:
    """Load the service undisturbed for a while, run the block's faults, and fail if they affected the service."""
    with loaded(chain, BASELINE_SECONDS) as disturbed:
        yield disturbed
    assert effects(disturbed) == []


def effects(disturbed: Disturbed) -> list[str]:
    """List what a client would notice: failed requests, fewer answers than the rate, slow answers."""
    load, (before, during) = disturbed.load, disturbed.percentiles()
    paused = load.pauses.within(disturbed.began, disturbed.until)
    lasted = disturbed.until - disturbed.began - paused
    answered = len(load.answers) - disturbed.undisturbed
    p99s = f"p99 {before * 1000:.0f} ms before, {during * 1000:.0f} ms during"
    print(f"{answered} requests in {lasted:.0f} s; {p99s}; the machine stood still for {paused:.1f} s")  # noqa: T201  # the figure is the result
    found = [f"no answer: {error}" for error in load.errors]
    found += [f"{number} answers {status}" for status, number in load.statuses.items() if status not in {200, 201}]
    if answered <= LEAST_SHARE * RATE * lasted:
        found.append(f"{answered} answers in {lasted:.1f} s at {RATE:g} requests per second")
    if during >= before + ROOM_SECONDS:
        found.append(p99s)
    return found


def p99(seconds: list[float]) -> float:
    """Give the duration that one request in a hundred exceeds."""
    return sorted(seconds)[int(len(seconds) * 0.99)]
