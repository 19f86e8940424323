# SPDX-License-Identifier: Apache-2.0
"""The file by which `./nox -s tour`, `./nox -s load` and the measurements find a running stack."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, field
from typing import IO, TYPE_CHECKING

from stack.errors import StackError
from stack.site import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.runner import Stack

RUN_DIR = ROOT / ".run"
FILE = "state.json"
LOCK = "lock"
LOCK_PAUSES = (0, 0.1, 0.2)  # a reader may hold the lock for a moment


@dataclass(frozen=True)
class State:
    """What runs, written by `up` whenever it changes."""

    runner: int  # the process that ends with the stack
    database_url: str
    log_dir: str
    complete: bool
    urls: dict[str, str]  # of the ready services, with the port's name after a dot for all but the first
    pids: dict[str, int]
    ready_seconds: dict[str, float] = field(default_factory=dict)  # of the ready services, from the start of `up`
    missing: dict[str, str] = field(default_factory=dict)
    services: list[str] = field(default_factory=list)  # that this machine can run
    control: str = ""  # the socket of stack.control


def of(stack: Stack, ready_seconds: dict[str, float]) -> State:
    """Describe a stack as it is now."""
    return State(
        runner=os.getpid(),
        database_url=stack.database_url,
        log_dir=str(stack.log_dir),
        complete=stack.complete,
        urls={
            port.service if port.first else f"{port.service}.{port.name}": stack.url(port.service, port.name)
            for port in stack.site.addresses.chosen
            if stack.is_ready(port.service)
        },
        pids=stack.pids(),
        ready_seconds=ready_seconds,
        missing=dict(stack.missing),
        services=list(stack.services),
        control=str(stack.site.control),
    )


def write(state: State, run_dir: Path) -> None:
    """Replace the file at once, so that a reader never sees half of it; it has the database's password."""
    unfinished = run_dir / f"{FILE}.unfinished"
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(asdict(state), indent=2) + "\n")
    unfinished.replace(run_dir / FILE)


def read(run_dir: Path = RUN_DIR) -> State | None:
    """Give the state of the stack that runs now, None when none does."""
    try:
        state = State(**json.loads((run_dir / FILE).read_text()))
    except FileNotFoundError:
        return None
    return state if _is_locked(run_dir) else None


def remove(run_dir: Path) -> None:
    """Remove the record of the running stack."""
    (run_dir / FILE).unlink(missing_ok=True)


@contextlib.contextmanager
def only_one(run_dir: Path) -> Iterator[None]:
    """Refuse a second stack in the same run folder; the system frees the lock when its owner dies."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / LOCK).open("w") as lock:
        if not any(_try_to_lock(lock, fcntl.LOCK_EX, pause) for pause in LOCK_PAUSES):
            raise StackError(f"a stack already runs in {run_dir}: stop it first")
        yield


def _is_locked(run_dir: Path) -> bool:
    # A process id would not do: after a kill or a reboot it may be another program's.
    with (run_dir / LOCK).open("r") as lock:
        return not _try_to_lock(lock, fcntl.LOCK_SH, 0)


def _try_to_lock(lock: IO[str], kind: int, pause: float) -> bool:
    time.sleep(pause)
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
