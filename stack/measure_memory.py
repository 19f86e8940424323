# SPDX-License-Identifier: Apache-2.0
"""Measure the memory of the whole chain at rest, under a steady load, and after half an hour of light load."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import requests

from stack.errors import StackError
from stack.runner import Stack
from stack.tour.caller import BORROWERS, LOANS, Caller, application, registration

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTLE_SECONDS = 20.0
CLIENTS = 5
MEGABYTE = 1024  # /proc counts in kB
LIGHT_RATE = 10.0  # requests per second
MINUTE = 60.0
# What a laptop of 8 GB can spare beside a browser and an editor. Tempo alone held 500 MB after an hour of light load.
MOST_MB = 1000
TOTAL = "**total**"
CREATED = 201


class Memory(NamedTuple):
    """Resident memory in MB; `shared_once` (PSS) divides what processes share among them."""

    resident: float
    shared_once: float


@dataclass
class Client:
    """One of the people who use the service, at a steady pace."""

    caller: Caller
    borrower_id: str
    per_second: float
    sent: int = 0
    failed: int = 0

    def work(self, seconds: float) -> None:
        """Submit, read and list applications until the time is over."""
        begun = time.monotonic()
        loan = None
        while (elapsed := time.monotonic() - begun) < seconds:
            loan = self._turn(loan)
            time.sleep(max(0.0, self.sent / self.per_second - elapsed))

    def _turn(self, loan: str | None) -> str | None:
        self.sent += 1
        try:
            if loan is None or self.sent % 10 == 0:
                return self._submit()
            path = f"/{loan}" if self.sent % 3 else "?limit=20"
            self.failed += not self.caller.send("GET", f"{LOANS}{path}").ok
        except requests.RequestException:
            self.failed += 1
        return loan

    def _submit(self) -> str | None:
        answer = self.caller.send("POST", LOANS, application(self.borrower_id))
        self.failed += answer.status_code != CREATED
        return str(answer.json()["id"]) if answer.status_code == CREATED else None


def load(url: str, per_second: float, seconds: float) -> list[Client]:
    """Drive the load with a few clients and give what they saw."""
    callers = [Caller(url) for _ in range(CLIENTS)]
    clients = [Client(caller, _new_borrower(caller), per_second / CLIENTS) for caller in callers]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for task in [pool.submit(client.work, seconds) for client in clients]:
            task.result()
    return clients


def _new_borrower(caller: Caller) -> str:
    return str(caller.post(BORROWERS, registration())["id"])


def memory_of(pid: int) -> Memory:
    """Add up the memory of a process and everything it started."""
    rollups = [_rollup(one) for one in [pid, *_descendants(pid)]]
    return Memory(*(sum(values) / MEGABYTE for values in zip(*rollups, strict=True)))


def _rollup(pid: int) -> tuple[int, int]:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return values["Rss"], values["Pss"]


def _descendants(pid: int) -> list[int]:
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    family = [pid]
    for one in family:  # grows while it is read: children, then their children
        family += [child for child, parent in parents.items() if parent == one]
    return family[1:]


@dataclass(frozen=True)
class Look:
    """The memory of each service at one time."""

    when: str
    services: dict[str, Memory]

    @property
    def total(self) -> Memory:
        """Add up the services."""
        return Memory(*(sum(values) for values in zip(*self.services.values(), strict=True)))

    def values(self, name: str) -> list[str]:
        """Give the cells of a service, or of all together."""
        return [f"{value:.0f}" for value in (self.total if name == TOTAL else self.services[name])]


def table(looks: Sequence[Look]) -> str:
    """Write the figures as Markdown, the largest of the last look first."""
    head = ["service", *(f"{look.when}, {kind}" for look in looks for kind in ("RSS MB", "PSS MB"))]
    names = sorted(looks[-1].services, key=lambda name: -looks[-1].services[name].shared_once)
    rows = [[name, *(value for look in looks for value in look.values(name))] for name in [*names, TOTAL]]
    return "\n".join([_row(head), _row(["---", *["---:"] * (len(head) - 1)]), *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Start a copy of the stack, measure it, print the table, and fail if the stack takes too much."""
    parser = argparse.ArgumentParser(prog="python -m stack.measure_memory", description=__doc__)
    parser.add_argument("--rate", type=float, default=100.0, help="requests per second (default: 100)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--after", type=float, default=30.0, help="minutes of light load behind it (default: 30)")
    arguments = parser.parse_args()
    try:
        with Stack.temporary() as stack:
            largest = _measure(stack, arguments.rate, arguments.seconds, arguments.after)
    except StackError as error:
        print(f"{error.output}\nerror: {error}", file=sys.stderr)
        return 1
    return too_much(largest)


def too_much(look: Look) -> int:
    """Print the memory of the whole stack; return the exit code."""
    print(f"The whole stack took {look.total.shared_once:.0f} MB at most (PSS, {look.when}); the limit is {MOST_MB}.")
    return int(look.total.shared_once >= MOST_MB)


def _measure(stack: Stack, rate: float, seconds: float, minutes: float) -> Look:
    """Look at rest, under load, and each minute of the light load; give the largest of them all."""
    url = stack.url("api" if "nginx" in stack.missing else "nginx")
    time.sleep(SETTLE_SECONDS)
    looks = [_look(stack, "at rest")]
    clients = load(url, rate, seconds)
    looks.append(_look(stack, "under load"))
    minute_by_minute = []
    for minute in range(1, round(minutes) + 1):
        clients += load(url, LIGHT_RATE, MINUTE)
        minute_by_minute.append(_look(stack, f"after {minute} min"))
        print(f"{minute_by_minute[-1].when}: {minute_by_minute[-1].total.shared_once:.0f} MB PSS", file=sys.stderr)
    print(table([*looks, *minute_by_minute[-1:]]))
    sent, failed = sum(client.sent for client in clients), sum(client.failed for client in clients)
    print(f"\n{rate:g} requests/s for {seconds:g} s, then {LIGHT_RATE:g}/s: {sent} requests, {failed} failed.")
    for name, reason in stack.missing.items():
        print(f"Not measured: {name} ({reason}).")
    return max([*looks, *minute_by_minute], key=lambda look: look.total.shared_once)


def _look(stack: Stack, when: str) -> Look:
    return Look(when, {name: memory_of(pid) for name, pid in stack.pids().items()})


if __name__ == "__main__":
    sys.exit(main())
