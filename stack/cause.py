# SPDX-License-Identifier: Apache-2.0
"""Finds the line of a server's output with the reason why it ended."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# An error of the system is the cause, wherever it is: the lines after it are its consequences.
SYSTEM = re.compile(
    r"no space left on device|disk quota exceeded|read-only file system|too many open files|cannot allocate memory"
    r"|out of memory|address already in use|permission denied|input/output error|file too large",
    re.IGNORECASE,
)
TELLING = re.compile(
    r"error|fatal|panic|emerg|invalid|fail|cannot|refused|denied|no such|unknown|expected", re.IGNORECASE
)
# Go writes "panic: why" or "fatal error: why", and then the stack of each goroutine: a header, and per frame the
# function and, indented, its file.
GO_PANIC = re.compile(r"(?:panic|fatal error): ")
GO_STACK = re.compile(r"goroutine \d+ .*\[.+\]:$")
LONGEST = 300
# The server survived earlier errors of the system.
RECENT_LINES = 50
# Less than this, and a server's own complaint may have found no room either: a block of most file systems is 4 KiB.
FULL_BYTES = 64 * 1024
FULL = "no space left on device"


def cause_in(output: str) -> str:
    """Pick the line of an ended program's output that most likely has the reason."""
    lines = [line.strip() for line in _without_stacks(output.splitlines()) if line.strip()]
    system = [line for line in lines[-RECENT_LINES:] if SYSTEM.search(line)]
    panics = [line for line in lines if GO_PANIC.match(line)]
    telling = [line for line in lines if TELLING.search(line)]
    line = (system or panics or telling or lines or ["it wrote nothing"])[-1]
    if line.endswith(":") and line != lines[-1]:  # a heading: what is wrong stands below it
        line = f"{line} {lines[lines.index(line) + 1]}"
    if len(line) <= LONGEST:
        return line
    found = SYSTEM.search(line)  # at the end of a long line, where it would be cut off
    return f"{line[:LONGEST]}…{f' {found[0]}' if found and found.end() > LONGEST else ''}"


def cause(output: str, log: Path) -> str:
    """Pick the cause; with a full disk it is that, as the program's own words may have found no room."""
    cause = cause_in(output)
    if SYSTEM.search(cause) or shutil.disk_usage(log.parent).free >= FULL_BYTES:
        return cause
    return f"{FULL}: {log.parent} ({cause})"


def _without_stacks(lines: list[str]) -> Iterator[str]:
    in_stack = False
    for line in lines:
        in_stack = bool(GO_STACK.match(line)) or (in_stack and bool(line.strip()))
        if not in_stack:
            yield line
