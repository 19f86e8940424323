# SPDX-License-Identifier: Apache-2.0
"""A made-up program and a made-up compiler for the tests of the builder."""

import stat
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from stack import catalogue
from stack.catalogue import Recipe
from stack.golang import Go


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """Make up a program with a module folder of its own, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("BUILDS", str(tmp_path / "builds"))
    monkeypatch.setattr(catalogue, "SERVERS", tmp_path / "servers")
    folder = tmp_path / "servers" / "demo"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module demo\n")
    (folder / "go.sum").write_text("demo v1.0.0 h1:abc\n")
    return Recipe("demo", "demo", "example.org/demo", "1.0.0", cpu_seconds=1)


@pytest.fixture
def fake_go(tmp_path: Path) -> Callable[..., Go]:
    """Make a compiler from a few lines of Python with the variable `output`, the file to write; print `downloaded`."""

    def make(body: str, downloaded: str = "") -> Go:
        script = tmp_path / "go"
        head = (
            f"#!{sys.executable}\nimport os, pathlib, sys, time\n"
            f"if 'download' in sys.argv: sys.exit(print({downloaded!r}))\n"
            "output = sys.argv[sys.argv.index('-o') + 1]\n"
        )
        script.write_text(head + textwrap.dedent(body))
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return Go(str(script), "go9.9")

    return make
