# SPDX-License-Identifier: Apache-2.0
"""One server process: started on a leash, watched, stopped for certain."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stack.reach import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.02
KILL_SECONDS = 5.0
LINE_BYTES = 1000
BEGINNING_BYTES = 20_000


@dataclass(frozen=True)
class Command:
    """What to run and how to stop it; only root gives a `user`."""

    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    # Servers that fork need their stop signal here, so that the parent takes its workers along; the others SIGKILL.
    death_signal: signal.Signals = signal.SIGKILL
    grace_seconds: float = 10.0
    niceness: int = 0


class Child:
    """A running command in a session of its own, so that Ctrl-C in the terminal reaches only the runner."""

    def __init__(self, command: Command) -> None:
        self.command = command
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("ab") as log:
            self._beginning = log.tell()
            self._process = subprocess.Popen(
                list(command.argv),
                env=dict(command.env),
                cwd=command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_leash(command),  # noqa: PLW1509  # prepared system calls: no lock, no import
                **identity(command.user),
            )

    @property
    def pid(self) -> int:
        """Give the process id."""
        return self._process.pid

    def poll(self) -> int | None:
        """Give the exit code, or None while the process runs; what an ended one left in its group is killed."""
        before = self._process.returncode
        code = self._process.poll()
        if before is None and code is not None:
            self._sweep()
        return code

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self.poll() is None:
            self._process.send_signal(number)

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        self.signal(self.command.stop_signal)

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the process and return whether it came in time."""
        deadline = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def finish(self) -> None:
        """Wait as long as the server's grace allows, then kill it with everything it started."""
        if not self.wait(self.command.grace_seconds):
            self.signal(signal.SIGKILL)
            self.wait(KILL_SECONDS)

    def stop(self) -> None:
        """Stop the process, by force when it does not go by itself."""
        self.ask_to_stop()
        self.finish()

    def tail(self, lines: int = 15) -> str:
        """Give the last lines of the process's log."""
        return tail(self.command.log, lines, self._beginning)

    def first_output(self) -> str:
        """Return the beginning of the output, where most servers report why they refuse to start."""
        with self.command.log.open("rb") as log:
            log.seek(self._beginning)
            return log.read(BEGINNING_BYTES).decode(errors="replace")

    def _sweep(self) -> None:
        """Send it at once: later the group's number may belong to another process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def tail(log: Path, lines: int, beginning: int = 0) -> str:
    """Give the last lines of a log file, none from before `beginning`; empty when there is no file."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(beginning, file.seek(0, os.SEEK_END) - LINE_BYTES * lines))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def _leash(command: Command) -> Callable[[], None]:
    """Make Linux signal the child when the runner dies, even by SIGKILL; elsewhere the runner's own end must do.

    Its stop signal and that one are not ignored, whatever the runner ignores.
    """
    linux = sys.platform.startswith("linux")
    prctl = ctypes.CDLL(None, use_errno=True).prctl if linux else None
    parent, death_signal, niceness = os.getpid(), int(command.death_signal), command.niceness
    # A shell lets what it starts in the background ignore SIGINT, and that is inherited.
    heeded = {command.stop_signal, command.death_signal} - {signal.SIGKILL}

    def hold() -> None:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)
        if niceness:
            os.nice(niceness)
        if prctl:
            prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # the runner ended between fork and here: the signal would not be sent
            os._exit(1)

    return hold
