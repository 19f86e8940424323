# SPDX-License-Identifier: Apache-2.0
"""Checks of config files by their servers' own checkers, run as a list with one line each."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).parents[1]
SECONDS = 120  # the slowest takes a few; a checker that hangs must not hold lint up


@dataclass(frozen=True)
class Check:
    """One command; it fails by its exit code, or by any output if it is `silent`."""

    name: str
    argv: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: str | None = None
    silent: bool = False

    def run(self) -> str | None:
        """Run the command and give what it complained about, or None."""
        done = subprocess.run(
            self.argv,
            cwd=ROOT,
            env=os.environ | dict(self.env),
            input=self.stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        output = (done.stdout + done.stderr).strip()
        failed = done.returncode != 0 or (self.silent and output)
        return output or f"exit code {done.returncode}" if failed else None


def run_all(checks: Iterable[Check]) -> int:
    """Run the checks, print which failed and why, and return 1 if any did."""
    failures = 0
    for check in checks:
        complaint = check.run()
        print(f"{'FAILED' if complaint else 'ok':<6} {check.name}", flush=True)
        if complaint:
            print(complaint, file=sys.stderr, flush=True)
            failures += 1
    return 1 if failures else 0
