# SPDX-License-Identifier: Apache-2.0
"""Measure how long `./nox -s up` takes until the service answers and until everything is ready."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stack import state
from stack.errors import StackError
from stack.process import Child, Command
from stack.readiness import status_of
from stack.site import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Figures = dict[str, object]

POLL_SECONDS = 0.1
WARM_LIMIT, COLD_LIMIT = 300.0, 3600.0
STOP_SECONDS = 60.0
OK = 200


def measure(repository: Path, environment: Mapping[str, str], run_dir: Path, limit: float) -> Figures:
    """Start the stack as a person does, on free ports, and give the seconds until each thing was ready."""
    argv = ["./nox", "-s", "up", "--", "--free-ports", "--run-dir", str(run_dir)]
    begun = time.monotonic()
    child = Child(Command(argv, log=run_dir.parent / "up.log", env=environment, cwd=repository, grace_seconds=60))
    try:
        first = wait(child, run_dir, begun + limit, lambda now: "api" in now.urls and answers(now.urls["api"]))
        service = time.monotonic() - begun
        everything = wait(child, run_dir, begun + limit, lambda now: now.complete)
        total = time.monotonic() - begun
    finally:
        stop(child, run_dir)
    # The stack's own clock begins later: nox installs its environment first.
    offset = service - first.ready_seconds["api"]
    joined = {name: round(seconds + offset, 1) for name, seconds in everything.ready_seconds.items()}
    return {"api": round(service, 1), "everything": round(total, 1), "each": joined, "missing": everything.missing}


def wait(child: Child, run_dir: Path, deadline: float, holds: Callable[[state.State], bool]) -> state.State:
    """Wait until the running stack's state is as wanted."""
    while True:
        now = state.read(run_dir)
        if now and holds(now):
            return now
        if child.poll() is not None:
            raise StackError("`./nox -s up` ended by itself", child.tail(30))
        if time.monotonic() > deadline:
            raise StackError("not ready in time", child.tail(30))
        time.sleep(POLL_SECONDS)


def answers(url: str) -> bool:
    """Return whether the service answers a client now."""
    return status_of(urlsplit(url).port or OK, "/health") == OK


def stop(child: Child, run_dir: Path) -> None:
    """Stop the stack itself, not nox, which would give it only half a second."""
    now = state.read(run_dir)
    if now:
        os.kill(now.runner, signal.SIGINT)
        child.wait(STOP_SECONDS)
    child.stop()


@contextlib.contextmanager
def fresh_clone() -> Iterator[tuple[Path, dict[str, str], Path]]:
    """Give a clone of the last commit with empty caches; all of it disappears afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="loan-cold-"))
    folder.chmod(0o711)
    try:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "clone")], check=True)
        caches = {"XDG_CACHE_HOME": "cache", "GOCACHE": "go-build", "GOMODCACHE": "go-mod", "PIP_CACHE_DIR": "pip"}
        environment = os.environ | {name: str(folder / place) for name, place in caches.items()}
        yield folder / "clone", {**environment, "UV_CACHE_DIR": str(folder / "uv")}, folder / "run"
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=False)  # Go protects its module cache
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def this_copy() -> Iterator[tuple[Path, dict[str, str], Path]]:
    """Give this working copy with the user's own caches, and a run folder that disappears afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="loan-warm-"))
    folder.chmod(0o711)
    try:
        yield ROOT, dict(os.environ), folder / "run"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Measure and print; --cold measures a fresh clone with empty caches, then the same again with full ones."""
    parser = argparse.ArgumentParser(prog="python -m stack.measure_start", description=main.__doc__)
    parser.add_argument(
        "--cold", action="store_true", help="a fresh clone and empty caches first: takes 10 to 25 minutes"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file as well")
    arguments = parser.parse_args()
    measured: dict[str, Figures] = {}
    try:
        with (fresh_clone if arguments.cold else this_copy)() as (repository, environment, run_dir):
            for name, limit in [("cold", COLD_LIMIT)] * arguments.cold + [("warm", WARM_LIMIT)]:
                measured[name] = measure(repository, environment, run_dir, limit)
                show(name, measured[name])
    except StackError as error:
        print(f"{error.output}\nerror: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        arguments.json.write_text(json.dumps({"cores": os.cpu_count(), **measured}, indent=2) + "\n")
    return 0


def show(name: str, figures: Figures) -> None:
    """Print one measurement."""
    print(f"{name} caches: the service answers after {figures['api']} s, everything after {figures['everything']} s")
    print(json.dumps(figures, indent=2), flush=True)


if __name__ == "__main__":
    sys.exit(main())
