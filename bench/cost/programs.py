# SPDX-License-Identifier: Apache-2.0
"""The two programs of the machine that measure: installed where root may, else named."""

from collections.abc import Callable
from typing import Final

from stack.packages import Program

PROGRAMS: Final = {name: Program(name, name, f"brew install {name}") for name in ("wrk", "valgrind")}


def require(name: str, echo: Callable[[str], None]) -> None:
    """Install a program where that is possible; raise RuntimeError if it is still missing, with what to do."""
    program = PROGRAMS[name]
    program.install(echo)
    if missing := program.why_missing():
        raise RuntimeError(missing)
