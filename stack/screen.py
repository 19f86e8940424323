# SPDX-License-Identifier: Apache-2.0
"""What a person sees while the stack comes up, and the table at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from stack.catalogue import BY_NAME
from stack.compile import cache_home

if TYPE_CHECKING:
    from stack.errors import StackError
    from stack.runner import Stack
    from stack.services import Service

LAST_STEPS = ("Stop one server, for instance the API: ./nox -s stop -- api", "Stop everything: Ctrl-C")
WIDTH_OF_FILES = 140  # a log file has no edge; rich would assume 80


class Screen:
    """Lines for what happened, and one line that changes for what is happening."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        if not self.console.is_terminal:
            self.console.width = WIDTH_OF_FILES
        # A refreshing thread would be a second one while processes are forked: every update is drawn here instead.
        self._live = Live(console=self.console, auto_refresh=False, transient=True)
        self._shown = ""
        self._begun = time.monotonic()
        if self.console.is_terminal:
            self._live.start()

    @property
    def seconds(self) -> float:
        """Give the time since the beginning."""
        return time.monotonic() - self._begun

    def echo(self, text: str) -> None:
        """Write a line that stays."""
        self.console.print(Text.assemble((f"{self.seconds:7.1f} s  ", "dim"), text), soft_wrap=True)

    def show_build(self, stack: Stack) -> None:
        """Show what is being compiled now."""
        if not self.console.is_terminal:
            line = stack.builder.news()
            if line:
                self.echo(line)
            return
        text = stack.builder.progress() if stack.builder.building else ""
        if text != self._shown:
            self._shown = text
            drawn = Text(f"           {text}", style="dim", no_wrap=True, overflow="ellipsis")
            self._live.update(drawn if text else "", refresh=True)

    def show_table(self, stack: Stack) -> None:
        """Show what runs where, what to open first, and how to stop."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for title in ("service", "address", "what it is"):
            table.add_column(title, overflow="fold")
        for name, service in stack.services.items():
            if service.ports and stack.is_ready(name):
                table.add_row(name, address(stack, name), f"{service.title}{_note(stack, service)}")
        for name, reason in stack.missing.items():
            table.add_row(name, "missing", reason, style="yellow")
        self.console.print("", table, "", *_first_steps(stack), *LAST_STEPS, "", sep="\n", soft_wrap=True)

    def show_failure(self, error: StackError) -> None:
        """Show a program's last lines, then one line with what failed and why."""
        for line in error.output.splitlines():
            self.console.print(Text(f"    {line}", style="dim"), soft_wrap=True)
        self.console.print(Text(f"error: {error}", style="bold red"), soft_wrap=True)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._live.stop()


def address(stack: Stack, name: str) -> str:
    """Give the address that people use."""
    number = stack.site.port(name)
    if name == "db":
        return f"localhost:{number}"
    return "http://localhost" if number == 80 else f"http://localhost:{number}"  # noqa: PLR2004  # browsers leave it out


def _note(stack: Stack, service: Service) -> str:
    recipe = BY_NAME.get(service.program or "")
    path = stack.site.programs.get(service.program or "")
    return f" ({recipe.note})" if recipe and recipe.note and path and path.is_relative_to(cache_home()) else ""


def _first_steps(stack: Stack) -> list[str]:
    pages = [("grafana", "/d/loan-service-red"), ("nginx", "/health"), ("api", "/health")]
    first = [f"Open first: {address(stack, name)}{path}" for name, path in pages if stack.is_ready(name)][:1]
    walk = ["Follow one request through every signal: ./nox -s tour"] if stack.is_ready("tempo") else []
    fill = ["Fill it with 10,000 loans and their history: ./nox -s seed"] if stack.is_ready("api") else []
    return first + fill + walk
