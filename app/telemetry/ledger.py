# SPDX-License-Identifier: Apache-2.0
"""What a worker owes its observers: how much it has produced and how much was delivered, readable after a SIGKILL.

A worker writes the numbers into a file that is mapped into its memory. The kernel keeps the pages whatever becomes of
the worker, and whoever finds the file after it knows what was lost.
"""

import mmap
import struct
import threading
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple


class Entry(IntEnum):
    """A number that only grows, by its place in the file."""

    REQUESTS_BEGUN = 0
    REQUESTS_ENDED = 1
    REQUESTS_EXPORTED = 2  # in a metrics export that the collector has acknowledged
    SPANS_ENDED = 3
    SPANS_DROPPED = 4  # the queue was full
    SPANS_SENT = 5  # at least tried once
    SPANS_DELIVERED = 6  # the collector has acknowledged them
    SPANS_REFUSED = 7  # the collector does not want them
    LOSSES_EXPORTED = 8  # of dropped and refused spans, those that an acknowledged export has counted


LAYOUT: Final = struct.Struct(f"={len(Entry)}Q")


class Loss(NamedTuple):
    """What a worker took with it."""

    requests_in_flight: int
    requests_unexported: int
    spans_lost: int
    spans_unconfirmed: int


class Ledger:
    """The numbers of this worker; in memory, until it has a file."""

    def __init__(self) -> None:
        # Bare cells, since they are counted up several times in each request.
        self.cells = memoryview(bytearray(LAYOUT.size)).cast("Q")
        self.lock = threading.Lock()  # of the requests' entries; the span queue has one of its own for the others
        self._path: Path | None = None

    def keep_in(self, path: Path) -> None:
        """Go on in a file; raise OSError if there can be none."""
        with path.open("w+b") as file:
            file.write(LAYOUT.pack(*self.cells))
            file.flush()
            self.cells = memoryview(mmap.mmap(file.fileno(), LAYOUT.size)).cast("Q")
        self._path = path

    @property
    def kept(self) -> bool:
        """Tell whether it has a file: whether anybody is owed anything."""
        return self._path is not None

    def loss(self) -> Loss:
        """Tell what would be lost if the worker ended now."""
        return loss_of(tuple(self.cells))

    def close(self) -> None:
        """Remove the file: whatever was lost has been told."""
        if self._path:
            self._path.unlink(missing_ok=True)
            self._path = None


def read_loss(path: Path) -> Loss | None:
    """Tell what the writer of a file has lost, or None if the file is none of a ledger."""
    try:
        return loss_of(LAYOUT.unpack(path.read_bytes()))
    except (OSError, struct.error):
        return None


def loss_of(entries: tuple[int, ...]) -> Loss:
    """Work out the loss: dropped and refused spans are part of it until the collector has their count."""
    counted = entries[Entry.SPANS_DROPPED] + entries[Entry.SPANS_REFUSED] - entries[Entry.LOSSES_EXPORTED]
    waiting = entries[Entry.SPANS_ENDED] - entries[Entry.SPANS_DROPPED] - entries[Entry.SPANS_SENT]
    return Loss(
        requests_in_flight=entries[Entry.REQUESTS_BEGUN] - entries[Entry.REQUESTS_ENDED],
        # A request is measured before it has ended: an export in between tells of one more.
        requests_unexported=max(0, entries[Entry.REQUESTS_ENDED] - entries[Entry.REQUESTS_EXPORTED]),
        spans_lost=waiting + counted,
        spans_unconfirmed=(entries[Entry.SPANS_SENT] - entries[Entry.SPANS_DELIVERED] - entries[Entry.SPANS_REFUSED]),
    )
