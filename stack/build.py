# SPDX-License-Identifier: Apache-2.0
"""Build the pinned servers into the user's cache, unless the machine already has them: python -m stack.build."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from stack.builder import Builder, cached, duration, installed
from stack.catalogue import BY_NAME, RECIPES, STACK, Recipe
from stack.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

POLL_SECONDS = 0.1


def program(name: str) -> Path:
    """Give the path of a program, building it first when need be."""
    builder = Builder([name])
    run(builder)
    if name in builder.failed:
        raise builder.failed[name]
    return builder.programs[name]


def run(builder: Builder) -> None:
    """Build everything that is queued, saying what happens."""
    try:
        while not builder.done:
            builder.tick()
            builder.report()
            time.sleep(POLL_SECONDS)
    finally:
        builder.cancel()


def main() -> int:
    """Build the named programs, or all that the stack runs, and print where they are."""
    parser = argparse.ArgumentParser(prog="python -m stack.build", description=__doc__, epilog=_inventory())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", metavar="name", help="programs to build (default: the stack's servers)")
    names = parser.parse_args().names or [recipe.name for recipe in STACK]
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(BY_NAME)}")
    try:
        return _build(names)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _build(names: list[str]) -> int:
    builder = Builder(names)
    run(builder)
    for name in names:
        if name in builder.programs:
            print(f"{name}: {builder.programs[name]}")
    for error in builder.failed.values():
        print(f"{error.output}\n{error}", file=sys.stderr)
    return 1 if builder.failed else 0


def _inventory() -> str:
    return "\n".join(["programs:", *(f"  {recipe.name:18} {recipe.version:8} {_place(recipe)}" for recipe in RECIPES)])


def _place(recipe: Recipe) -> str:
    path = installed(recipe) or cached(recipe)
    return str(path) if path else f"not built (about {duration(recipe.cpu_seconds / (os.cpu_count() or 1))})"


if __name__ == "__main__":
    sys.exit(main())
