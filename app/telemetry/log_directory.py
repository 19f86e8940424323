# SPDX-License-Identifier: Apache-2.0
"""Log files of one instance in a directory that replicas may share: claimed and removed by the arbiter."""

import fcntl
import re
import time
from pathlib import Path
from typing import IO, Final

# Loki keeps lines for 7 days and rejects older ones, so a file without a newer line has no reader.
OLD_SECONDS: Final = 7 * 24 * 3600.0


class LogDirError(Exception):
    """LOG_DIR can't be used; the message is one line that names the setting and the reason."""


def log_path(directory: Path, instance: str, process: str) -> Path:
    """Return the path of a process's log file; the collector reads api-*.jsonl."""
    return directory / f"api-{instance}-{process}.jsonl"


def claim_logs(directory: Path, instance: str) -> IO[str]:
    """Lock the instance's log files until the returned file is closed; raise LogDirError if another server holds them.

    Two writers of one file lose lines when it is rotated. The lock works between containers that share a volume.
    """
    try:
        lock = _lock_path(directory, instance).open("w")
    except OSError as error:
        raise LogDirError(f"LOG_DIR: a directory to write in is expected ({error.strerror})") from None
    if not _take(lock):
        lock.close()
        raise LogDirError(
            f"LOG_DIR: another server logs as {instance}; give each a service.instance.id in OTEL_RESOURCE_ATTRIBUTES"
        )
    return lock


def remove_old_logs(directory: Path, instance: str) -> None:
    """Remove the files of instances that have ended and whose last line is older than Loki keeps lines.

    Each new container has a new name, and so new files.
    """
    for path in directory.glob("api-*.lock"):
        other = path.name.removeprefix("api-").removesuffix(".lock")
        if other == instance:  # closing a second handle of our own lock would release it
            continue
        with path.open("w") as lock:
            files = _files_of(directory, other)
            if _take(lock) and all(time.time() - file.stat().st_mtime > OLD_SECONDS for file in files):
                for file in [*files, path]:
                    file.unlink()


def _files_of(directory: Path, instance: str) -> list[Path]:
    name = re.compile(rf"api-{re.escape(instance)}-[a-z0-9]+(\.\d+)?\.jsonl")
    return [path for path in directory.iterdir() if name.fullmatch(path.name)]


def _lock_path(directory: Path, instance: str) -> Path:
    return directory / f"api-{instance}.lock"


def _take(lock: IO[str]) -> bool:
    try:
        # A POSIX lock belongs to the process: the workers don't inherit it, and a killed arbiter doesn't keep it.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
