# SPDX-License-Identifier: Apache-2.0
"""Which port is whose: the compose number of each, and the one chosen on this machine."""

from __future__ import annotations

import errno
import os
import random
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "127.0.0.1"
# Below the range from which systems take the ports of outgoing connections: a server that restarts under load
# finds its port free.
FREE_RANGE = range(10_000, 32_000)
LAST_PORT = 65_535


class PortError(StackError):
    """A port cannot be used."""


@dataclass(frozen=True)
class Port:
    """A port that a service listens on: its number in the config files, and on the host when that differs."""

    service: str
    name: str
    number: int
    host: int | None = None
    first: bool = True
    published: bool = True

    @property
    def variable(self) -> str:
        """Give the environment variable that moves the port: LOKI_PORT, LOKI_GRPC_PORT."""
        words = [self.service] if self.first else [self.service, self.name]
        return "_".join([*words, "port"]).upper().replace("-", "_")


class Ports(Protocol):
    """A way to choose ports."""

    def choose(self, port: Port) -> int:
        """Give the number that a port gets on this machine."""


@dataclass
class FreePorts:
    """Numbers that nothing uses: for tests and second copies."""

    _taken: set[int] = field(default_factory=set)

    def choose(self, port: Port) -> int:  # noqa: ARG002  # any will do
        """Give a number that nothing uses."""
        number = free_port(self._taken)
        self._taken.add(number)
        return number


@dataclass(frozen=True)
class FixedPorts:
    """The numbers that docker compose publishes, each changeable by its environment variable."""

    environ: Mapping[str, str]

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> FixedPorts:
        """Take the changes from the environment."""
        return cls(os.environ if environ is None else environ)

    def choose(self, port: Port) -> int:
        """Return the configured number, else the default."""
        asked = self.environ.get(port.variable, "")
        if not asked:
            return port.host or port.number
        if not asked.isdecimal() or not 0 < int(asked) <= LAST_PORT:
            raise PortError(f"{port.variable}: a port number from 1 to {LAST_PORT} is expected")
        return int(asked)


def free_port(taken: set[int] | frozenset[int] = frozenset()) -> int:
    """Give a port that nothing uses now."""
    while True:
        number = random.choice(FREE_RANGE)  # noqa: S311  # no secret
        if number not in taken and is_free(number):
            return number


def is_free(number: int) -> bool:
    """Return whether a server could listen on a port now."""
    return _why_not(number) is None


def require_free(port: Port, number: int) -> None:
    """Refuse a port that a server could not listen on, with what to do about it."""
    reason = _why_not(number)
    if reason:
        raise PortError(f"port {number} ({port.service}) {reason}: set {port.variable} to another")


def _why_not(number: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: only a live listener matters
        try:
            probe.bind((HOST, number))
        except OSError as error:
            return "needs root" if error.errno == errno.EACCES else "is in use"
    return None
