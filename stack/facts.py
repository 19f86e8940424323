# SPDX-License-Identifier: Apache-2.0
"""Facts about a running copy of the stack: addresses, processes, logs, folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack.service_commands import database_url

if TYPE_CHECKING:
    from pathlib import Path

    from stack.running import Running
    from stack.services import Service
    from stack.site import Site


class Facts:
    """The questions; `Stack` adds the deeds."""

    site: Site
    services: dict[str, Service]
    missing: dict[str, str]
    running: dict[str, Running]

    @property
    def log_dir(self) -> Path:
        """Give the folder of api-*.jsonl and nginx-access.jsonl."""
        return self.site.log_dir

    @property
    def database_url(self) -> str:
        """Give the SQLAlchemy URL of the service's database."""
        return database_url(self.site)

    def url(self, name: str, port: str | None = None) -> str:
        """Give the address of a service's port, the first one of the table when no name is given."""
        return f"http://{self.site.address(name, port)}"

    def is_ready(self, name: str) -> bool:
        """Return whether a service has been started and is ready."""
        return name in self.running and self.running[name].ready

    def pid(self, name: str) -> int:
        """Give a running service's process id."""
        return self.running[name].child.pid

    def pids(self) -> dict[str, int]:
        """Give the process ids of everything that runs."""
        return {name: one.child.pid for name, one in self.running.items() if one.child.poll() is None}

    def log_tail(self, name: str, lines: int = 20) -> str:
        """Give the last lines that a service wrote to its terminal."""
        return self.running[name].child.tail(lines)

    def config_dir(self, name: str) -> Path:
        """Give the folder with a service's rewritten config files."""
        return self.site.config(name)

    def data_dir(self, name: str) -> Path:
        """Give the folder with a service's data."""
        return self.site.data(name)
