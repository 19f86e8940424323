# SPDX-License-Identifier: Apache-2.0
"""Where one copy of the stack lives: its folders, its ports, its settings and the programs it runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.secrets import read_secret
from stack.ports import HOST
from stack.reach import let_others_pass, let_others_read, reachable_by, server_user

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stack.addresses import Addresses

ROOT = Path(__file__).parents[1]
# The system's limit for the path of a socket is 108 characters; the service adds a name of up to 40.
LONGEST_SOCKET_FOLDER = 60
ROOT_DATA = Path("/var/lib/loan-service")
# As root Nginx reads the runbooks as `nobody`. The other servers run as the user who started them.
READ_BY_OTHERS = {"nginx"}
# Development's folder is the run folder itself.
ENVIRONMENTS_APART = {"staging", "production"}
# What any program may need; the rest of the environment could change a server's mind (OTEL_*, GF_*, PG*).
COMMON_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
# Where people find a server when a reverse proxy publishes it, and the address that stands for it in the config files.
LINKS = {
    "nginx": ("PUBLIC_URL", "http://localhost:80/"),
    "grafana": ("GRAFANA_URL", "http://localhost:3030/"),
    "prometheus": ("PROMETHEUS_URL", "http://localhost:9090/"),
    "alertmanager": ("ALERTMANAGER_URL", "http://localhost:9093/"),
}


@dataclass
class Site:
    """The facts that a service's command is made of."""

    run_dir: Path
    addresses: Addresses
    settings: Mapping[str, str]
    overrides: Mapping[str, str] = field(default_factory=dict)  # of the loan service's environment
    programs: dict[str, Path] = field(default_factory=dict)
    names: frozenset[str] = frozenset()  # the services that run in this copy
    telemetry_dir: Path = field(init=False)
    control: Path = field(init=False)  # a socket, too

    def __post_init__(self) -> None:
        self.run_dir = self.run_dir.absolute()
        self.telemetry_dir = self.run_dir / "telemetry"
        if len(str(self.telemetry_dir)) > LONGEST_SOCKET_FOLDER:
            self.telemetry_dir = Path(tempfile.gettempdir()) / f"loan-{_digest(self.run_dir)}"
        self.control = self.telemetry_dir.with_name(f"{self.telemetry_dir.name}.control")

    @property
    def log_dir(self) -> Path:
        """Give the folder of the service's and Nginx's JSON lines, which the collector reads."""
        return self.run_dir / "logs"

    def prepare(self) -> None:
        """Make the folders; sockets and terminal output of an earlier run go, data and log lines stay."""
        for folder in (self.telemetry_dir, self.output("").parent):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in (self.run_dir, self.log_dir, self.telemetry_dir, self.output("").parent):
            folder.mkdir(parents=True, exist_ok=True)
        above = [self.run_dir.parent] if self.run_dir.name in ENVIRONMENTS_APART else []
        let_others_pass(*above, self.run_dir, self.run_dir / "data")
        data = self.shared_data("db")
        if self.runs("db") and not data.is_relative_to(self.run_dir):
            let_others_pass(ROOT_DATA, data.parent)

    def clear(self) -> None:
        """Remove what only a running stack needs."""
        shutil.rmtree(self.telemetry_dir, ignore_errors=True)
        self.control.unlink(missing_ok=True)

    def config(self, service: str) -> Path:
        """Give the folder with a service's rewritten config files."""
        return self.run_dir / "config" / service

    def data(self, service: str) -> Path:
        """Give the folder where a service keeps its data."""
        folder = self.run_dir / "data" / service
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def shared_data(self, service: str) -> Path:
        """Give the data folder of a service that root starts as another user, who may not see the run folder."""
        if reachable_by(server_user(), self.data(service).parent):
            return self.data(service)
        return ROOT_DATA / _digest(self.run_dir) / service

    def relative(self, path: Path) -> str:
        """Write a path below the run folder as a server sees it that runs there."""
        return str(path.relative_to(self.run_dir))

    def output(self, service: str) -> Path:
        """Give the file with what a service writes to its terminal."""
        return self.run_dir / "output" / f"{service}.log"

    def runs(self, service: str) -> bool:
        """Return whether a service is part of this copy."""
        return service in self.names

    def setting(self, name: str) -> str:
        """Give a setting of the settings file or of this copy; empty when neither has it."""
        return self.overrides.get(name) or self.settings.get(name) or ""

    def secret(self, name: str) -> str | None:
        """Give a secret, as the service reads it: from NAME or from the file that NAME_FILE names."""
        return read_secret(name, {**os.environ, **self.settings, **self.overrides})

    def port(self, service: str, name: str | None = None) -> int:
        """Give the number of a service's port here."""
        return self.addresses.of(service, name)

    def address(self, service: str, name: str | None = None) -> str:
        """Give host:port of a service here."""
        return f"{HOST}:{self.port(service, name)}"

    def link(self, service: str) -> str:
        """Give the address under which people find a service, without a slash at its end."""
        variable, _ = LINKS[service]
        return self.settings.get(variable) or f"http://localhost:{self.port(service)}"

    def write_config(self, service: str, files: tuple[str, ...], transform: Callable[[str], str] | None = None) -> None:
        """Copy a service's files with their addresses rewritten; the first one is `transform`ed as well."""
        target = self.config(service)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for place, name in enumerate(files):
            source = ROOT / name
            if source.is_dir():
                self._copy_folder(source, target / source.name, service)
            else:
                self._copy_file(source, target / source.name, service, None if place else transform)
        if service in READ_BY_OTHERS:
            let_others_pass(target.parent)
            let_others_read(target)

    def _copy_folder(self, source: Path, target: Path, owner: str) -> None:
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            self._copy_file(file, target / file.relative_to(source), owner)

    def _copy_file(self, source: Path, target: Path, owner: str, transform: Callable[[str], str] | None = None) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text()
        for service, (variable, link) in LINKS.items():
            if self.settings.get(variable):
                text = text.replace(link, f"{self.link(service)}/")
        text = self.addresses.rewrite(text, owner)
        target.write_text(transform(text) if transform else text)


def folder_of(run_dir: Path, environment: str | None) -> Path:
    """Give the folder of an environment's data and logs: each has its own, so that `cp .env.staging .env` switches."""
    return run_dir / environment if environment in ENVIRONMENTS_APART else run_dir


def common_environment() -> dict[str, str]:
    """Give the part of the environment that every server gets."""
    return {name: os.environ[name] for name in COMMON_VARIABLES if name in os.environ}


def _digest(folder: Path) -> str:
    return hashlib.sha256(str(folder).encode()).hexdigest()[:12]
