# SPDX-License-Identifier: Apache-2.0
"""One program on its way into the user's cache: locked, compiled beside its final name, renamed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
from pathlib import Path
from typing import IO, TYPE_CHECKING

from stack.catalogue import SERVERS, Recipe
from stack.cause import cause_in
from stack.errors import StackError
from stack.process import Child, Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.golang import Go

LINKER_FLAGS = "-s -w"
OUTPUT = "output.log"
COLLECTOR_BUILDER = "go.opentelemetry.io/collector/cmd/builder"


class BuildError(StackError):
    """A program could not be built; `output` holds the compiler's last lines."""


def cache_home() -> Path:
    """Give the folder of this user's built programs."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "loan-service" / "bin"


def key(recipe: Recipe, go: Go) -> str:
    """Give a hash of everything that the program depends on."""
    digest = hashlib.sha256(repr((recipe.package, recipe.tags, LINKER_FLAGS, go.version)).encode())
    for file in _sources(recipe):
        digest.update(b"\0" + file.name.encode() + b"\0" + file.read_bytes())
    for file in recipe.page_files:
        digest.update(b"\0" + str(file.relative_to(recipe.pages)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def cached_path(recipe: Recipe, go: Go) -> Path:
    """Give the place of the finished program, which exists only when it is whole."""
    return cache_home() / f"{recipe.name}-{key(recipe, go)}"


def _sources(recipe: Recipe) -> list[Path]:
    modules = [recipe.home / "go.mod", recipe.home / "go.sum"]
    if not recipe.generated:
        return modules
    return [*modules, recipe.home / "builder.yaml", SERVERS / "ocb" / "go.mod", SERVERS / "ocb" / "go.sum"]


class Compilation:
    """The compilation of one program, one `tick` at a time; two builders of the same program share the work."""

    def __init__(self, recipe: Recipe, go: Go) -> None:
        self.recipe = recipe
        self.target = cached_path(recipe, go)
        self._go = go
        self._unfinished = self.target.with_name(f"{self.target.name}.unfinished")
        self._work = self.target.with_name(f"{self.target.name}.work")
        self._lock: IO[str] | None = None
        self._steps: Iterator[Command] | None = None
        self._child: Child | None = None

    @property
    def waiting(self) -> bool:
        """Return whether another builder compiles this program now."""
        return self._lock is None

    def tick(self) -> bool:
        """Continue, and return whether the program is in the cache."""
        if self._child and self._child.poll() is None:
            return False
        if self._child and self._child.poll():
            self._fail(self._child.tail(20))
        if not self._child and not self._take_lock():
            return self.target.exists()
        if self.target.exists():
            self.cancel()
            return True
        return self._next_step()

    def cancel(self) -> None:
        """Stop compiling and leave nothing unfinished behind."""
        if self._child:
            self._child.stop()
            self._child = None
        if self._lock:
            self._clean()
            self._lock.close()
            self._lock = None

    def _next_step(self) -> bool:
        if self._steps is None:
            self._clean()
            self._work.mkdir()
            self._steps = self._commands()
        command = next(self._steps, None)
        if command:
            self._child = Child(command)
            return False
        self._unfinished.rename(self.target)
        self.cancel()
        return True

    def _take_lock(self) -> bool:
        """Lock this program for this builder; the system frees the lock when the builder dies."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        lock = self.target.with_name(f"{self.target.name}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _commands(self) -> Iterator[Command]:
        folder = self.recipe.home
        if self.recipe.generated:
            yield from self._generate()
            folder = self._work / "_build"
        if self.recipe.page_files:
            yield self._command([self._go.path, "mod", "download", "-json", self.recipe.package], folder)
            folder = self._add_pages(Path(json.loads((self._work / OUTPUT).read_text())["Dir"]))
        yield self._go_build(folder, self.recipe.package, self._unfinished, self.recipe.tags)

    def _generate(self) -> Iterator[Command]:
        """Let the collector's builder write its source, then put the pinned modules in place of its guesses."""
        builder = self._work / "ocb"
        yield self._go_build(SERVERS / "ocb", COLLECTOR_BUILDER, builder, "netgo")
        options = ["--skip-compilation", "--skip-get-modules", "--config", str(self.recipe.home / "builder.yaml")]
        yield self._command([str(builder), *options], self._work)
        for name in ("go.mod", "go.sum"):
            shutil.copy(self.recipe.home / name, self._work / "_build" / name)

    def _add_pages(self, module: Path) -> Path:
        """Copy a downloaded module, which is read-only, with the pages that it lacks; give the folder to build in."""
        for folder in (module, self.recipe.pages):
            for file in filter(Path.is_file, folder.rglob("*")):
                place = self._work / "source" / file.relative_to(folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)
        pinned = (self.recipe.home / "go.mod").read_text()
        (self._work / "go.mod").write_text(f"{pinned}\nreplace {self.recipe.package} => ./source\n")
        shutil.copy(self.recipe.home / "go.sum", self._work / "go.sum")
        return self._work

    def _go_build(self, folder: Path, package: str, output: Path, tags: str) -> Command:
        options = ["-trimpath", "-tags", tags, "-ldflags", LINKER_FLAGS, "-o", str(output)]
        return self._command([self._go.path, "build", *options, package], folder)

    def _command(self, argv: list[str], folder: Path) -> Command:
        return Command(
            argv=argv,
            log=self._work / OUTPUT,
            env=self._go.environment(),
            cwd=folder,
            stop_signal=signal.SIGINT,  # Go removes its temporary files on an interrupt
            death_signal=signal.SIGINT,
            grace_seconds=5,
            niceness=10,  # the service that already runs goes first
        )

    def _fail(self, output: str) -> None:
        self.cancel()
        raise BuildError(f"{self.recipe.name} {self.recipe.version} could not be built: {cause_in(output)}", output)

    def _clean(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._unfinished.unlink()
        shutil.rmtree(self._work, ignore_errors=True)
