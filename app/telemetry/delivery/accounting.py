# SPDX-License-Identifier: Apache-2.0
"""Counts of what this worker produced, sent and had acknowledged, in a memory-mapped file that survives SIGKILL.

The kernel keeps the mapped pages when the process dies. The arbiter reads the file afterwards and reports the loss.
"""

import mmap
import struct
import threading
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple


class Count(IntEnum):
    """A number that only grows, by its place in the file."""

    REQUESTS_BEGUN = 0
    REQUESTS_ENDED = 1
    REQUESTS_EXPORTED = 2  # in a metrics export that the collector has acknowledged
    SPANS_ENDED = 3  # sampled and ended spans, counted before the queue may drop one
    SPANS_SENT = 4  # tried at least once
    SPANS_DELIVERED = 5  # acknowledged by the collector
    SPANS_REJECTED = 6  # answered with a status after which a repetition makes no sense, or not encodable
    LOSSES_EXPORTED = 7  # of dropped and rejected spans, those that an acknowledged metrics export has counted


LAYOUT: Final = struct.Struct(f"={len(Count)}Q")


class Loss(NamedTuple):
    """Data lost at exit."""

    requests_in_flight: int
    requests_unexported: int
    spans_lost: int
    spans_unconfirmed: int


class Accounting:
    """The counts of this worker; in memory until they have a file."""

    def __init__(self) -> None:
        # A memoryview, since two of the counts change in each request.
        self.counts = memoryview(bytearray(LAYOUT.size)).cast("Q")
        self.requests_lock = threading.Lock()
        self.spans_lock = threading.Lock()
        self._path: Path | None = None

    def keep_in(self, path: Path) -> None:
        """Continue in a file; raise OSError if it can't be written."""
        with path.open("w+b") as file:
            file.write(LAYOUT.pack(*self.counts))
            file.flush()
            self.counts = memoryview(mmap.mmap(file.fileno(), LAYOUT.size)).cast("Q")
        self._path = path

    @property
    def kept(self) -> bool:
        """Whether there is a file: without an OTLP endpoint there is nothing to account for."""
        return self._path is not None

    def spans(self, count: Count, number: int) -> None:
        """Add a number of spans to a count."""
        with self.spans_lock:
            self.counts[count] += number

    def loss(self) -> Loss:
        """Return what would be lost if the worker ended now."""
        return loss_of(tuple(self.counts))

    def close(self) -> None:
        """Remove the file: the loss has been reported."""
        if self._path:
            self._path.unlink(missing_ok=True)
            self._path = None


def read_loss(path: Path) -> Loss | None:
    """Return what the writer of a file has lost, or None if the file holds no counts."""
    try:
        return loss_of(LAYOUT.unpack(path.read_bytes()))
    except (OSError, struct.error):
        return None


def loss_of(counts: tuple[int, ...]) -> Loss:
    """Compute the loss: dropped and rejected spans are part of it until the collector has their count."""
    # Ended and never sent: still in the queue, or dropped by the batch processor because the queue was full.
    unsent = counts[Count.SPANS_ENDED] - counts[Count.SPANS_SENT]
    return Loss(
        requests_in_flight=counts[Count.REQUESTS_BEGUN] - counts[Count.REQUESTS_ENDED],
        # A request is measured before it ends: an export between the two counts one more.
        requests_unexported=max(0, counts[Count.REQUESTS_ENDED] - counts[Count.REQUESTS_EXPORTED]),
        # The batch processor counts a drop before it drops: where an export makes room in between, none is dropped.
        spans_lost=max(0, unsent + counts[Count.SPANS_REJECTED] - counts[Count.LOSSES_EXPORTED]),
        spans_unconfirmed=(counts[Count.SPANS_SENT] - counts[Count.SPANS_DELIVERED] - counts[Count.SPANS_REJECTED]),
    )
