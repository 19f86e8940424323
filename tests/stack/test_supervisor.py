# SPDX-License-Identifier: Apache-2.0
"""An ended server is restarted after growing pauses, which are reset when it has run for a while."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from stack.errors import StackError
from stack.ports import FreePorts
from stack.runner import Death, Stack
from stack.supervisor import LONGEST_PAUSE_SECONDS, STABLE_SECONDS, Supervisor
from tests.stack import fakes

if TYPE_CHECKING:
    from stack.running import Running


class Fleet(Stack):
    """A stack whose servers run and end as a test determines, without processes."""

    def __init__(self, folder: Path) -> None:
        services = [fakes.service("api", essential=True), fakes.service("loki")]
        super().__init__(folder, FreePorts(), services=services)
        self.up_now: set[str] = set()
        self.starts: list[str] = []
        self.dying: list[str] = []
        self.refusing: set[str] = set()
        self.running = dict.fromkeys(self.services, cast("Running", None))  # no process is checked

    def is_ready(self, name: str) -> bool:
        """Return what the test has set."""
        return name in self.up_now

    def try_to_start(self, name: str) -> Death | None:
        """Note the start."""
        self.starts.append(name)
        if name in self.refusing:
            return self._death(name)
        self.up_now.add(name)
        return None

    def step(self) -> list[Death]:
        """Let the servers end that the test has set."""
        deaths = [self._death(name) for name in self.dying]
        self.up_now.difference_update(self.dying)
        self.dying = []
        return deaths

    def _death(self, name: str) -> Death:
        return Death(name, StackError(f"{name} died"))


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Make the servers."""
    return Fleet(tmp_path)


def die(fleet: Fleet, supervisor: Supervisor, name: str) -> None:
    fleet.dying = [name]
    assert supervisor.tick()


def test_pauses_grow_to_a_minute_and_begin_anew_after_a_stable_run(fleet: Fleet) -> None:
    said: list[str] = []
    clock = Clock()
    supervisor = Supervisor(fleet, said.append, clock)
    fleet.up_now.add("loki")
    supervisor.tick()

    for _ in range(8):
        die(fleet, supervisor, "loki")
        assert fleet.missing["loki"] == "loki died"
        clock.now += LONGEST_PAUSE_SECONDS
        assert supervisor.tick()
        assert "loki" not in fleet.missing
    clock.now += STABLE_SECONDS
    die(fleet, supervisor, "loki")

    pauses = [line.removeprefix("loki died; next start in ").removesuffix(" s") for line in said]
    assert pauses == ["1", "2", "4", "8", "16", "32", "60", "60", "1"]
    assert fleet.starts == ["loki"] * 8


def test_nothing_is_started_before_its_pause_has_passed(fleet: Fleet) -> None:
    clock = Clock()
    supervisor = Supervisor(fleet, lambda _line: None, clock)
    die(fleet, supervisor, "loki")

    clock.now = 0.9
    assert not supervisor.tick()
    assert fleet.starts == []
    clock.now = 1.0
    assert supervisor.tick()
    assert fleet.starts == ["loki"]


def test_a_start_that_fails_is_tried_again(fleet: Fleet) -> None:
    said: list[str] = []
    clock = Clock()
    supervisor = Supervisor(fleet, said.append, clock)
    die(fleet, supervisor, "loki")
    fleet.refusing.add("loki")
    clock.now = 1.0
    supervisor.tick()

    assert said == ["loki died; next start in 1 s", "loki died; next start in 2 s"]


def test_an_essential_service_that_has_never_run_ends_it_and_one_that_has_run_does_not(fleet: Fleet) -> None:
    supervisor = Supervisor(fleet, lambda _line: None, Clock())
    with pytest.raises(StackError, match=r"^api died$"):
        die(fleet, supervisor, "api")

    fleet.up_now.add("api")
    supervisor.tick()
    die(fleet, supervisor, "api")


def test_what_was_stopped_is_not_started_again(fleet: Fleet) -> None:
    clock = Clock()
    supervisor = Supervisor(fleet, lambda _line: None, clock)
    die(fleet, supervisor, "loki")

    supervisor.forget("loki")
    clock.now = 1000.0

    assert not supervisor.tick()
    assert fleet.starts == []
