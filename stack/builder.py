# SPDX-License-Identifier: Apache-2.0
"""The queue of programs to build: what the machine or the cache has is taken, the rest is compiled in order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stack.catalogue import RECIPES, Recipe
from stack.compile import Compilation, cached_path
from stack.errors import StackError
from stack.golang import Go, GoMissingError, find_go

if TYPE_CHECKING:
    from collections.abc import Iterable

REPORT_SECONDS = 15.0
ROUGH_ABOVE_SECONDS = 90


class Builder:
    """Builds programs one after another (Go itself uses all cores), one `tick` at a time."""

    def __init__(self, names: Iterable[str]) -> None:
        self.programs: dict[str, Path] = {}
        self.failed: dict[str, StackError] = {}
        wanted = set(names)
        self._queue = [recipe for recipe in RECIPES if recipe.name in wanted and not self._have(recipe)]
        self.total = len(self._queue)
        self._current: Compilation | None = None
        self._started = 0.0
        self._spent = self._expected = 0.0  # by what was compiled here until now
        self._reported = ("", 0.0)

    @property
    def done(self) -> bool:
        """Return whether nothing is left to build."""
        return not self._queue

    @property
    def building(self) -> str | None:
        """Give the name of the program that builds now."""
        return self._current.recipe.name if self._current else None

    def tick(self) -> None:
        """Go one step further; finished programs appear in `programs`, others in `failed`."""
        if not self._queue:
            return
        recipe = self._queue[0]
        try:
            if self._current is None:
                self._started = time.monotonic()
                self._current = Compilation(recipe, find_go())
            if not self._current.tick():
                return
            self.programs[recipe.name] = self._current.target
            self._spent += time.monotonic() - self._started
            self._expected += _expected(recipe)
        except StackError as error:
            self.failed[recipe.name] = error
        self._current = None
        self._queue.pop(0)

    def cancel(self) -> None:
        """Stop compiling and leave nothing unfinished behind."""
        if self._current:
            self._current.cancel()
            self._current = None
        self._queue.clear()

    def progress(self) -> str:
        """Describe what builds, since when, and about how long it still takes."""
        if not self._current:
            return "nothing to build" if self.done else "about to build"
        recipe = self._current.recipe
        elapsed = time.monotonic() - self._started
        pace = self._spent / self._expected if self._expected else 1.0
        left = time_left(_expected(recipe), elapsed, sum(map(_expected, self._queue[1:])), pace)
        number = f"{self.total - len(self._queue) + 1} of {self.total}"
        verb = "waiting for another build of" if self._current.waiting else "building"
        return f"{verb} {recipe.name} ({number}), {duration(elapsed)} so far, {left}"

    def news(self) -> str | None:
        """Give the progress when it is worth a new line: another program, or the same one for a while."""
        now = time.monotonic()
        if self.building is None or (self.building == self._reported[0] and now - self._reported[1] < REPORT_SECONDS):
            return None
        self._reported = (self.building, now)
        return self.progress()

    def report(self) -> None:
        """Write the progress to standard error when it is worth a line."""
        line = self.news()
        if line:
            print(line, file=sys.stderr, flush=True)

    def _have(self, recipe: Recipe) -> bool:
        path = installed(recipe) or cached(recipe)
        if path:
            self.programs[recipe.name] = path
        return path is not None


def installed(recipe: Recipe) -> Path | None:
    """Give the machine's own program, if it is on PATH in exactly the pinned version."""
    path = shutil.which(recipe.on_path) if recipe.on_path else None
    if path is None:
        return None
    command = [path, *recipe.ask_version]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    exact = re.search(rf"(?<![\d.]){re.escape(recipe.version)}(?![\d.])", result.stdout + result.stderr)
    return Path(path) if exact else None


def time_left(usual: float, elapsed: float, rest: float, pace: float) -> str:
    """Estimate the time left, from what the current program and the rest of them usually take, all in seconds.

    `pace` is how many times longer than usual this machine has needed so far. A quick start is no promise.
    """
    pace = max(1.0, pace)
    if elapsed <= pace * usual:
        return f"about {rough(pace * (usual + rest) - elapsed)} left"
    after = max(pace, elapsed / usual) * rest
    return f"longer than expected; about {rough(after)} for the rest" if rest else "longer than expected"


def _expected(recipe: Recipe) -> float:
    return recipe.cpu_seconds / (os.cpu_count() or 1)


def rough(seconds: float) -> str:
    """Format an estimate, without unreliable digits."""
    return f"{round(seconds / 60)} min" if seconds > ROUGH_ABOVE_SECONDS else duration(seconds)


def duration(seconds: float) -> str:
    """Write seconds as people read them: 42 s, 3 min 10 s."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


@cache
def _go() -> Go | None:
    try:
        return find_go()
    except GoMissingError:
        return None


def cached(recipe: Recipe) -> Path | None:
    """Give the program from the user's cache, if it is there."""
    go = _go()
    path = cached_path(recipe, go) if go else None
    return path if path and path.exists() else None
