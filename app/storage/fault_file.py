# SPDX-License-Identifier: Apache-2.0
"""The running faults in memory that all workers share.

A file of TELEMETRY_DIR, mapped by each worker: a request reads it without a system call, a worker that replaces another
finds what runs, and it works while the database, whose outage may be the fault, does not. Gunicorn's arbiter removes it
at its start, so no fault survives a restart; ends are readings of the system-wide monotonic clock, so one that is left
behind ends in time. A process without a worker slot (a command, Flask's own server) has its memory for itself.
"""

import fcntl
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.services.faults import LONGEST_SECONDS, FaultKind, RunningFault

NAME: Final = "faults"
RECORD: Final = struct.Struct("=ddd")  # end, share, amount; an end of 0: it does not run
SIZE: Final = RECORD.size * len(FaultKind)
OFFSETS: Final = {kind: RECORD.size * number for number, kind in enumerate(FaultKind)}


class FaultFile:
    """A record for each kind of fault, so that beginning and ending one needs no list."""

    def __init__(self, directory: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Map the directory's file, made if it is not there; without a directory, memory of this process alone."""
        self._clock = clock
        self._threads = threading.Lock()
        self._file = -1 if directory is None else _open(directory)
        self._memory = mmap.mmap(self._file, SIZE)

    def running(self) -> list[RunningFault]:
        """List what runs now, in the order of the kinds."""
        return [fault for kind in FaultKind if (fault := self.find(kind))]

    def find(self, kind: FaultKind) -> RunningFault | None:
        """Return a running fault, None when it does not run."""
        end, share, amount = RECORD.unpack_from(self._memory, OFFSETS[kind])
        left = end - self._clock()
        # A longer rest is of another boot of the machine, whose clock began again.
        return RunningFault(kind, share, amount, left) if 0 < left <= LONGEST_SECONDS else None

    def begin(self, fault: RunningFault) -> bool:
        """Begin a fault; False when one of its kind runs already."""
        with self._alone():
            if self.find(fault.kind):
                return False
            record = (self._clock() + fault.seconds_left, fault.share, fault.amount)
            RECORD.pack_into(self._memory, OFFSETS[fault.kind], *record)
            return True

    def end(self, kind: FaultKind) -> bool:
        """End a fault; False when it does not run."""
        with self._alone():
            ran = self.find(kind) is not None
            if ran:
                self._clear(kind)
            return ran

    def expired(self) -> list[FaultKind]:
        """Remove the faults whose time is over; each is returned to one caller of all workers."""
        over = [kind for kind in FaultKind if self._is_over(kind)]
        if not over:
            return []
        with self._alone():
            over = [kind for kind in over if self._is_over(kind)]  # another worker may have been quicker
            for kind in over:
                self._clear(kind)
        return over

    def _is_over(self, kind: FaultKind) -> bool:
        return RECORD.unpack_from(self._memory, OFFSETS[kind])[0] > 0 and self.find(kind) is None

    def _clear(self, kind: FaultKind) -> None:
        RECORD.pack_into(self._memory, OFFSETS[kind], 0.0, 0.0, 0.0)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep threads and other workers from writing; a POSIX lock ends with its process, however that ends."""
        with self._threads:
            if self._file >= 0:
                fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                if self._file >= 0:
                    fcntl.lockf(self._file, fcntl.LOCK_UN)


def _open(directory: Path) -> int:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(directory / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.ftruncate(file, SIZE)  # the same size again changes nothing
    return file


def forget_faults(directory: Path) -> None:
    """Remove the faults of an earlier server."""
    (directory / NAME).unlink(missing_ok=True)
