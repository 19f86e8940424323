# SPDX-License-Identifier: Apache-2.0
"""Handlers that write log lines; a full disk or a closed pipe never fails the request that logs."""

import contextlib
import itertools
import json
import logging
import os
import sys
import time
from pathlib import Path

from app.telemetry import redaction, semconv

# The files also buffer an outage of the collector or Loki: 4 x 50 MB are about 500,000 lines of one worker.
MAX_FILE_BYTES = 50_000_000
OLD_FILES = 3


class OncePerMinute:
    """A rate limiter: allows one event a minute."""

    def __init__(self) -> None:
        self._next = 0.0

    def allows(self) -> bool:
        """Return whether a minute has passed since the last allowed event; if so, this one becomes the last."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + 60
        return True


class Sink(logging.Handler):
    """A handler that counts the lines it cannot write, and reports them on stderr at most once a minute."""

    kind = "stdout"
    target = "stdout"

    def __init__(self) -> None:
        super().__init__()
        self.lost = 0
        self._reports = OncePerMinute()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a failure is counted, never raised."""
        try:
            self.write_line(self.format(record) + "\n")
        except Exception:  # noqa: BLE001  # a record that can't be written must not fail the request that logs it
            self.handleError(record)

    def put(self, line: str) -> None:
        """Write a formatted line; a failure is counted, never raised."""
        with self.lock or contextlib.nullcontext():
            try:
                self.write_line(line)
            except Exception:  # noqa: BLE001  # as above
                self.report()

    def write_line(self, line: str) -> None:
        """Write one line to this sink's destination."""
        sys.stdout.write(line)  # looked up each time: a server or a test may have replaced it
        sys.stdout.flush()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  # logging's own name
        """Report the failure; logging itself would print a traceback for each line."""
        self.report()

    def report(self) -> None:
        """Count a lost line, and report it on stderr at most once a minute."""
        self.lost += 1
        error = sys.exc_info()[1]
        if error is not None and self._reports.allows():
            report = {
                "event": semconv.EVENT_LOG_SINK_FAILED,
                "sink": self.target,
                semconv.ERROR_TYPE: redaction.error_type(error),
            }
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(json.dumps(report) + "\n")


class LogFile(Sink):
    """A file of one process, rotated by size; rotated files keep the suffix that the collector matches."""

    kind = "file"

    def __init__(self, path: Path, max_bytes: int = MAX_FILE_BYTES) -> None:
        super().__init__()
        self.target = str(path)
        self._path = path
        self._max_bytes = max_bytes
        self._writer = os.getpid()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._rest = _missing_end(path)
        self._descriptor = self._open()

    def write_line(self, line: str) -> None:
        """Append a line by one write; the rest of a line that a full disk cut is written before the next line."""
        if os.getpid() != self._writer:  # this process only inherited the file, and rotation needs a single writer
            return
        data = self._rest + line.encode()
        if self._size + len(data) > self._max_bytes and not self._rest:  # a line must not span two files
            with contextlib.suppress(OSError):  # then the file keeps growing, and no line is lost
                self._rotate()
        written = os.write(self._descriptor, data)
        self._size += written
        self._rest = data[written:]

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        super().close()

    def _open(self) -> int:
        # Readable by all: the collector runs as another user.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._size = os.fstat(descriptor).st_size
        return descriptor

    def _rotate(self) -> None:
        names = [self._path, *(self._path.with_suffix(f".{age}.jsonl") for age in range(1, OLD_FILES + 1))]
        for newer, older in reversed(list(itertools.pairwise(names))):
            if newer.exists():
                newer.replace(older)
        full = self._descriptor
        self._descriptor = self._open()
        os.close(full)


def _missing_end(path: Path) -> bytes:
    """Return a line feed if the file's writer was killed within a line: else the next line would be appended to it."""
    with contextlib.suppress(OSError), path.open("rb") as file:  # no file yet, or an empty one
        file.seek(-1, os.SEEK_END)
        return b"" if file.read(1) == b"\n" else b"\n"
    return b""
