# SPDX-License-Identifier: Apache-2.0
"""Start the service and everything that observes it, and stop it all together: python -m stack.run up."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stack import nginx, state
from stack.control import DONE, Control
from stack.environment import read_settings
from stack.errors import StackError
from stack.ports import FixedPorts, FreePorts, PortError
from stack.runner import TICK_SECONDS, Stack
from stack.screen import Screen, address
from stack.services import SERVICES
from stack.settings import require_settings
from stack.site import ROOT
from stack.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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
        self._supervisor = Supervisor(stack, screen.echo)
        self._failed: set[str] = set()
        self._announced = False

    def until_stopped(self) -> None:
        """Start everything and run until SIGINT or SIGTERM; in all cases, stop every process at the end."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._stack.begin()
            self._tell_where_data_is()
            control = Control(self._stack.site.control, {"stop": self._stop, "start": self._start})
            with contextlib.closing(control):
                while self._reason_to_stop() is None:
                    changed = self._supervisor.tick()
                    control.tick()
                    self._show_progress(changed=changed)
                    time.sleep(TICK_SECONDS)
            self._screen.echo(f"{self._reason_to_stop()}: stopping everything")
        finally:
            self._screen.close()
            self._stack.down()
            state.remove(self._run_dir)
        self._screen.echo("everything has stopped")

    def _on_signal(self, number: int, _frame: object) -> None:
        # A second Ctrl-C changes nothing: the stop is under way and bounded.
        self._stop_reason = self._stop_reason or signal.Signals(number).name

    def _stop(self, name: str) -> str:
        stack = self._stack
        if name not in stack.services:
            return self._unknown(name)
        self._supervisor.forget(name)
        stack.stop(name)
        stack.missing[name] = f"stopped; `./nox -s start -- {name}` starts it"
        self._ready_seconds.pop(name, None)
        self._write_state()
        self._screen.echo(f"{name} was stopped by `./nox -s stop`")
        return DONE

    def _start(self, name: str) -> str:
        stack = self._stack
        if name not in stack.services:
            return self._unknown(name)
        program = stack.services[name].program
        if name in stack.running and stack.services[name].ready:
            return f"{name} runs already"
        if program and program not in stack.site.programs:
            return f"{program} is not built yet" if program not in stack.builder.failed else stack.missing[name]
        self._supervisor.forget(name)
        stack.stop(name)  # what runs once, like the migrations, may run again
        self._ready_seconds.pop(name, None)
        death = stack.try_to_start(name)
        if death:
            return str(death.error)
        stack.missing.pop(name, None)
        self._write_state()
        self._screen.echo(f"{name} was started by `./nox -s start`")
        return DONE

    def _unknown(self, name: str) -> str:
        return self._stack.missing.get(name) or f"no such server: {name}; there are {', '.join(self._stack.services)}"

    def _reason_to_stop(self) -> str | None:
        if os.getppid() != self._parent:
            return "the process that started this one is gone"
        return self._stop_reason

    def _tell_where_data_is(self) -> None:
        data = self._stack.site.shared_data("db")
        if "db" in self._stack.services and not data.is_relative_to(self._stack.site.run_dir):
            self._screen.echo(f"PostgreSQL's user cannot enter {self._run_dir}: its data is in {data}")

    def _show_progress(self, *, changed: bool) -> None:
        stack, screen = self._stack, self._screen
        for name, error in stack.builder.failed.items():
            if name not in self._failed:
                self._failed.add(name)
                screen.show_failure(error)
        for name in [name for name in self._ready_seconds if not stack.is_ready(name)]:
            del self._ready_seconds[name]
        news = [name for name in stack.running if name not in self._ready_seconds and stack.is_ready(name)]
        for name in news:
            self._ready_seconds[name] = round(screen.seconds, 1)
            screen.echo(f"{name} is ready{f': {address(stack, name)}' if stack.services[name].ports else ''}")
        screen.show_build(stack)
        if news or changed or (stack.complete and not self._announced):
            self._write_state()
        if stack.complete and not self._announced:
            self._announced = True
            screen.show_table(stack)

    def _write_state(self) -> None:
        try:
            state.write(state.of(self._stack, self._ready_seconds), self._run_dir)
        except OSError as error:  # a full disk: the service goes on
            self._screen.echo(f"{self._run_dir / state.FILE} could not be written: {error.strerror}")


def fixed_ports(environ: Mapping[str, str], only: Collection[str] | None) -> Ports:
    """Give the ports of the settings, all of them read by now: a wrong one is named before anything is made."""
    ports = FixedPorts.from_env(environ)
    taken: dict[int, str] = {}
    for port in (port for service in SERVICES if only is None or service.name in only for port in service.ports):
        other = taken.setdefault(number := ports.choose(port), port.variable)
        if other != port.variable:
            raise PortError(f"{port.variable}: another port than {other}'s {number} is expected")
    return ports


def up(arguments: argparse.Namespace) -> None:
    """Start the stack with the options of the command line."""
    screen = Screen()
    try:
        settings = read_settings(ROOT)
        require_settings(settings)
        ports = FreePorts() if arguments.free_ports else fixed_ports({**settings, **os.environ}, arguments.only)
        with state.only_one(arguments.run_dir):
            nginx.install(screen.echo)
            stack = Stack(arguments.run_dir, ports, arguments.only)
            Run(arguments.run_dir, stack, screen).until_stopped()
    except (StackError, OSError) as error:
        screen.close()
        screen.show_failure(error if isinstance(error, StackError) else StackError(_plain(error)))
        sys.exit(1)


def _plain(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def main() -> None:
    """Read the command line and execute it."""
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
