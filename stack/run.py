# SPDX-License-Identifier: Apache-2.0
"""Start the service and everything that observes it, and stop it all together: python -m stack.run up."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stack import nginx, state
from stack.environment import read_settings
from stack.errors import StackError
from stack.ports import FixedPorts, FreePorts
from stack.runner import TICK_SECONDS, Stack
from stack.screen import Screen, address
from stack.services import SERVICES
from stack.settings import require_settings
from stack.site import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stack.ports import Ports

__all__ = ["Stack", "StackError", "main"]

# What a person waits for; the rest joins when it is ready.
FIRST = "api"


class Run:
    """One `up` from the first check to the last stopped process."""

    def __init__(self, run_dir: Path, stack: Stack, screen: Screen) -> None:
        self._run_dir = run_dir
        self._stack = stack
        self._screen = screen
        self._ready_seconds: dict[str, float] = {}
        self._parent = os.getppid()
        self._stop_reason: str | None = None
        self._failed: set[str] = set()
        self._announced = False

    def until_stopped(self) -> None:
        """Bring everything up and stay until asked to stop; whatever happens, nothing is left running."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._stack.begin()
            self._tell_where_data_is()
            while self._reason_to_stop() is None:
                self._stack.tick()
                self._show_progress()
                time.sleep(TICK_SECONDS)
            self._screen.say(f"{self._reason_to_stop()}: stopping everything")
        finally:
            self._screen.close()
            self._stack.down()
            state.remove(self._run_dir)
        self._screen.say("everything has stopped")

    def _on_signal(self, number: int, _frame: object) -> None:
        # A second Ctrl-C changes nothing: the stop is under way and bounded.
        self._stop_reason = self._stop_reason or signal.Signals(number).name

    def _reason_to_stop(self) -> str | None:
        if os.getppid() != self._parent:
            return "the process that started this one is gone"
        return self._stop_reason

    def _tell_where_data_is(self) -> None:
        data = self._stack.site.shared_data("db")
        if "db" in self._stack.services and not data.is_relative_to(self._stack.site.run_dir):
            self._screen.say(f"PostgreSQL's user cannot enter {self._run_dir}: its data is in {data}")

    def _show_progress(self) -> None:
        stack, screen = self._stack, self._screen
        for name, error in stack.builder.failed.items():
            if name not in self._failed:
                self._failed.add(name)
                screen.show_failure(error)
        news = [name for name in stack.running if name not in self._ready_seconds and stack.is_ready(name)]
        for name in news:
            self._ready_seconds[name] = round(screen.seconds, 1)
            screen.say(f"{name} is ready{f': {address(stack, name)}' if stack.services[name].ports else ''}")
        screen.show_build(stack)
        if news or (stack.complete and not self._announced):
            state.write(state.of(stack, self._ready_seconds), self._run_dir)
        if stack.complete and not self._announced:
            self._announced = True
            screen.show_table(stack)


def fixed_ports(environ: Mapping[str, str]) -> Ports:
    """Give the ports of the settings, all of them read by now: a wrong one is named before anything is made."""
    ports = FixedPorts.from_env(environ)
    for service in SERVICES:
        for port in service.ports:
            ports.choose(port)
    return ports


def up(arguments: argparse.Namespace) -> None:
    """Bring the stack up as the command line says."""
    screen = Screen()
    try:
        settings = read_settings(ROOT)
        require_settings(settings)
        ports = FreePorts() if arguments.free_ports else fixed_ports({**settings, **os.environ})
        with state.only_one(arguments.run_dir):
            nginx.install(screen.say)
            stack = Stack(arguments.run_dir, ports, arguments.only)
            Run(arguments.run_dir, stack, screen).until_stopped()
    except StackError as error:
        screen.close()
        screen.show_failure(error)
        sys.exit(1)


def main() -> None:
    """Read the command line and do as it says."""
    parser = argparse.ArgumentParser(prog="python -m stack.run", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("up", help="start everything and stay until Ctrl-C", description=__doc__)
    command.add_argument("--only", type=lambda text: text.split(","), metavar="a,b", help="just these services")
    command.add_argument("--free-ports", action="store_true", help="any free ports instead of the usual ones")
    command.add_argument("--run-dir", type=Path, default=state.RUN_DIR, help="data, logs, configs (default: .run)")
    command.set_defaults(act=up)
    arguments = parser.parse_args()
    arguments.act(arguments)


if __name__ == "__main__":
    main()
