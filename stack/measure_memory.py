# SPDX-License-Identifier: Apache-2.0
"""Measure the memory of the whole chain at rest and under a steady load, and print a Markdown table."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import requests

from stack.errors import StackError
from stack.runner import Stack
from stack.tour.caller import BORROWERS, LOANS, Caller, application, registration

SETTLE_SECONDS = 20.0
CLIENTS = 5
MEGABYTE = 1024  # /proc counts in kB
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


def table(rest: dict[str, Memory], loaded: dict[str, Memory]) -> str:
    """Write the figures as Markdown, the largest first."""
    lines = ["| service | at rest, RSS MB | PSS MB | under load, RSS MB | PSS MB |", "|---|---:|---:|---:|---:|"]
    largest_first = sorted(rest, key=lambda name: -loaded[name].shared_once)
    lines += [_line(name, rest[name], loaded[name]) for name in largest_first]
    return "\n".join([*lines, _line("**total**", _total(rest), _total(loaded))])


def _line(name: str, rest: Memory, loaded: Memory) -> str:
    return f"| {name} | {' | '.join(f'{value:.0f}' for value in (*rest, *loaded))} |"


def _total(memory: dict[str, Memory]) -> Memory:
    return Memory(*(sum(values) for values in zip(*memory.values(), strict=True)))


def main() -> int:
    """Start a copy of the stack, measure it at rest and under load, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m stack.measure_memory", description=__doc__)
    parser.add_argument("--rate", type=float, default=100.0, help="requests per second (default: 100)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default: 60)")
    arguments = parser.parse_args()
    try:
        with Stack.temporary() as stack:
            _measure(stack, arguments.rate, arguments.seconds)
    except StackError as error:
        print(f"{error.output}\nerror: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(stack: Stack, rate: float, seconds: float) -> None:
    time.sleep(SETTLE_SECONDS)
    rest = {name: memory_of(pid) for name, pid in stack.pids().items()}
    clients = load(stack.url("api" if "nginx" in stack.missing else "nginx"), rate, seconds)
    loaded = {name: memory_of(pid) for name, pid in stack.pids().items()}
    sent, failed = sum(client.sent for client in clients), sum(client.failed for client in clients)
    print(table(rest, loaded))
    print(f"\nUnder load: {sent} requests in {seconds:.0f} s ({sent / seconds:.0f}/s), {failed} failed.")
    for name, reason in stack.missing.items():
        print(f"Not measured: {name} ({reason}).")


if __name__ == "__main__":
    sys.exit(main())
