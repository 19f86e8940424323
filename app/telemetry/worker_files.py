# SPDX-License-Identifier: Apache-2.0
"""The arbiter's side of the workers' metrics: slots, and the directory of their sockets and totals."""

import fcntl
import itertools
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import IO

from app.telemetry.delivery.loss import report_of_dead

NAMES = re.compile(r"w(\d+)\.(sock|json|draft|delivery)")
# The shortest limit for a socket's path among the systems that Gunicorn runs on; Linux allows four bytes more.
MAX_SOCKET_PATH = 103


class TelemetryDirError(Exception):
    """TELEMETRY_DIR can't be used; the message is one line that names the setting and the reason."""


def socket_path(directory: Path, slot: int) -> Path:
    """Return the path of the socket on which a slot's worker serves its metrics."""
    return directory / f"w{slot}.sock"


def totals_path(directory: Path, slot: int) -> Path:
    """Return the path of a slot's totals."""
    return directory / f"w{slot}.json"


def accounting_path(directory: Path, slot: int) -> Path:
    """Return the path of the delivery accounting of a slot's worker."""
    return directory / f"w{slot}.delivery"


def known_slots(directory: Path) -> set[int]:
    """List the slots that have or had a worker since the arbiter's start."""
    names = (NAMES.fullmatch(path.name) for path in directory.iterdir())
    return {int(match[1]) for match in names if match and match[2] in {"sock", "json"}}


def lowest_free_slot(taken: Collection[int]) -> int:
    """Choose the slot of the next worker; lowest first, so that a reload ends within twice the workers."""
    return next(slot for slot in itertools.count() if slot not in taken)


def claim(directory: Path) -> IO[str]:
    """Lock the directory until the returned file is closed, and remove the files of an earlier server."""
    longest = len(os.fsencode(socket_path(directory, 9999)))
    if longest > MAX_SOCKET_PATH:
        raise TelemetryDirError(
            f"TELEMETRY_DIR: a shorter path is expected; a socket in it would need {longest} bytes of {MAX_SOCKET_PATH}"
        )
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (directory / "lock").open("w")
    except OSError as error:
        raise TelemetryDirError(f"TELEMETRY_DIR: a directory to write in is expected ({error.strerror})") from None
    try:
        # A POSIX lock belongs to the process: the workers don't inherit it, and a killed arbiter doesn't keep it.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise TelemetryDirError("TELEMETRY_DIR: a directory of its own is expected; another server uses this") from None
    for path in directory.iterdir():
        if match := NAMES.fullmatch(path.name):  # an earlier server's counts are not part of this one's
            if match[2] == "delivery":
                report_of_dead(int(match[1]), path)
            path.unlink(missing_ok=True)
    return lock


def forget_worker(directory: Path, slot: int) -> None:
    """Remove the socket of a worker that has exited, and report the data lost at exit.

    Its totals stay, for /metrics and for the slot's next worker.
    """
    socket_path(directory, slot).unlink(missing_ok=True)
    report_of_dead(slot, accounting_path(directory, slot))
