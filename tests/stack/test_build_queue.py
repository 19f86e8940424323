# SPDX-License-Identifier: Apache-2.0
"""The queue of builds: failures don't stop it, progress is reported, and what the machine has is not built."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from stack import build, builder
from stack.builder import Builder
from stack.catalogue import Recipe
from stack.compile import BuildError
from stack.golang import Go, GoMissingError
from stack.runner import Stack
from tests.stack.fakes import alive, noted_pids, service

FAILS = "sys.exit(1)"


def test_a_builder_goes_on_after_a_failure_and_reports_progress(
    recipe: Recipe, fake_go: Callable[[str], Go], monkeypatch: pytest.MonkeyPatch
) -> None:
    go = fake_go(FAILS)
    monkeypatch.setattr(
        builder, "RECIPES", (recipe, dataclasses.replace(recipe, name="next", package="example.org/next"))
    )
    monkeypatch.setattr(builder, "find_go", lambda: go)
    monkeypatch.setattr(builder, "time", SimpleNamespace(monotonic=lambda: 0.0))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    queue = Builder(["demo", "next"])
    queue.tick()

    assert queue.progress() == "building demo (1 of 2), 0 s so far, about 1 s left"
    build.run(queue)

    assert set(queue.failed) == {"demo", "next"}
    assert queue.programs == {}


@pytest.mark.parametrize(("answer", "used"), [("demo, version 1.0.0", True), ("demo v1.0.0", True), ("1.0.01", False)])
def test_a_program_on_path_is_used_only_in_the_pinned_version(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, used: bool
) -> None:
    program = tmp_path / "bin" / "demo-server"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    found = builder.installed(dataclasses.replace(recipe, on_path="demo-server"))

    assert found == (program if used else None)


@pytest.mark.parametrize(("seconds", "text"), [(-3, "0 s"), (42.4, "42 s"), (190, "3 min 10 s"), (60, "1 min 00 s")])
def test_durations_read_well(seconds: float, text: str) -> None:
    assert builder.duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(-3, "0 s"), (89.6, "1 min 30 s"), (91, "2 min"), (733, "12 min")])
def test_estimates_do_not_pretend_to_be_exact(seconds: float, text: str) -> None:
    assert builder.rough(seconds) == text


@pytest.mark.parametrize(
    ("elapsed", "rest", "pace", "text"),
    [
        (10, 30, 1.0, "about 50 s left"),
        (10, 30, 2.0, "about 2 min left"),  # what was built before took twice as long as it usually does
        (10, 30, 0.5, "about 50 s left"),  # a quick start is no promise
        (45, 30, 1.0, "longer than expected; about 45 s for the rest"),
        (45, 0, 1.0, "longer than expected"),
    ],
)
def test_estimates_follow_the_pace_of_this_machine(elapsed: float, rest: float, pace: float, text: str) -> None:
    assert builder.time_left(30, elapsed, rest, pace) == text


def test_without_a_compiler_every_program_is_named_with_what_to_do(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_go() -> Go:
        raise GoMissingError("Go 1.26.5 or newer is missing: install it")

    monkeypatch.setattr(builder, "RECIPES", (recipe,))
    monkeypatch.setattr(builder, "find_go", no_go)
    monkeypatch.setattr(builder, "_go", lambda: None)
    queue = Builder(["demo"])

    build.run(queue)

    assert str(queue.failed["demo"]) == "Go 1.26.5 or newer is missing: install it"


def test_a_stack_goes_on_without_a_server_that_cannot_be_built_unless_asked_for_all(
    recipe: Recipe, fake_go: Callable[[str], Go], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go = fake_go(FAILS)
    monkeypatch.setattr(builder, "RECIPES", (recipe,))
    monkeypatch.setattr(builder, "find_go", lambda: go)
    table = [service("good"), dataclasses.replace(service("watching"), program="demo")]
    stack = Stack(tmp_path / "run", services=table)
    stack.begin()
    while not stack.complete:
        stack.tick()

    assert list(stack.running) == ["good"]
    assert stack.missing["watching"].startswith("demo 1.0.0 could not be built: ")
    stack.down()
    with pytest.raises(BuildError), Stack(tmp_path / "other", services=table):
        pass
    assert not any(map(alive, noted_pids(tmp_path / "run") | noted_pids(tmp_path / "other")))
