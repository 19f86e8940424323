# SPDX-License-Identifier: Apache-2.0
"""Rewrites the compose host names of config files to addresses on this machine's loopback."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stack.ports import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stack.ports import Port

ANY_ADDRESS = re.compile(r"(?<![\w.-])(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?):(?P<port>\d+)(?![\w])")


@dataclass(frozen=True)
class Addresses:
    """Every port with the number chosen for it."""

    chosen: Mapping[Port, int]

    def of(self, service: str, name: str | None = None) -> int:
        """Give the number chosen for a service's port, the first one when no name is given."""
        for port, number in self.chosen.items():
            if port.service == service and name in {None, port.name}:
                return number
        raise KeyError(f"{service} has no port {name}")

    def rewrite(self, text: str, owner: str | None = None) -> str:
        """Rewrite a file's addresses; `0.0.0.0:PORT` is the owner's own, `localhost:PORT` a link for people."""
        return ANY_ADDRESS.sub(lambda match: self._replacement(match, owner), text)

    def _replacement(self, match: re.Match[str], owner: str | None) -> str:
        host, number = match["host"], int(match["port"])
        if host == "localhost":
            chosen = self._find(number, published=True)
            return f"localhost:{chosen}" if chosen else match[0]
        chosen = self._find(number, owner if host == "0.0.0.0" else host)  # noqa: S104  # the address in the files
        return f"{HOST}:{chosen}" if chosen else match[0]

    def _find(self, number: int, service: str | None = None, *, published: bool = False) -> int | None:
        for port, chosen in self.chosen.items():
            if port.number == number and (port.published if published else port.service == service):
                return chosen
        return None
