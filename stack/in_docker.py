# SPDX-License-Identifier: Apache-2.0
"""What the stack of docker-compose.yml offers on this machine: its published ports, from the settings file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests

from app.database_url import complete, read, render
from stack import state
from stack.environment import read_settings
from stack.ports import HOST
from stack.site import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

# The defaults of docker-compose.yml.
PUBLISHED = {
    "api": ("API_PORT", 8000),
    "nginx": ("NGINX_PORT", 80),
    "prometheus": ("PROMETHEUS_PORT", 9090),
    "grafana": ("GRAFANA_PORT", 3030),
    "alertmanager": ("ALERTMANAGER_PORT", 9093),
    "mailpit": ("MAILPIT_PORT", 8025),
}
READY = {
    "api": "/livez",
    "nginx": "/livez",
    "prometheus": "/-/ready",
    "grafana": "/api/health",
    "alertmanager": "/-/ready",
    "mailpit": "/readyz",
}
DB_VARIABLE, DB_PORT = "DB_PORT", 5432
TIMEOUT_SECONDS = 3.0  # on loopback: it is there at once or not at all


def running(run_dir: Path = state.RUN_DIR, root: Path = ROOT) -> state.State | None:
    """Give what `./nox -s up` runs in a folder, else what runs in Docker, else None."""
    native = state.read(run_dir)
    if native is not None or run_dir != state.RUN_DIR:  # a folder that was named is meant
        return native
    settings = compose_settings(root)
    urls = {
        name: url
        for name, (variable, usual) in PUBLISHED.items()
        if (url := _answering(name, _ports(settings, variable, usual)))
    }
    if "api" not in urls:
        return None
    if "grafana" in urls:
        urls |= {name: _through_grafana(urls["grafana"], name, settings) for name in ("loki", "tempo")}
    # The collector publishes no port, so it can't be checked from here.
    return state.State(0, database_url(settings), log_dir="", complete=True, urls={**urls, "otelcol": ""}, pids={})


def compose_settings(root: Path = ROOT) -> dict[str, str]:
    """Read the settings file; as in compose, the environment wins, also for a port that the file does not name."""
    ports = (*(variable for variable, _ in PUBLISHED.values()), DB_VARIABLE)
    return read_settings(root) | {name: os.environ[name] for name in ports if name in os.environ}


def published(settings: Mapping[str, str]) -> dict[str, str]:
    """Give the address of everything that compose publishes by HTTP."""
    return {name: f"http://{HOST}:{_ports(settings, *port)[0]}" for name, port in PUBLISHED.items()}


def database_url(settings: Mapping[str, str]) -> str:
    """Give the service's DATABASE_URL with the port that compose publishes, and with its password."""
    url = complete(read(_secret(settings, "DATABASE_URL")), _secret(settings, "POSTGRES_PASSWORD"))
    return render(url.set(host=HOST, port=_ports(settings, DB_VARIABLE, DB_PORT)[0]))


def _secret(settings: Mapping[str, str], name: str) -> str:
    file = settings.get(f"{name}_FILE")
    return settings.get(name) or (Path(file).read_text(encoding="utf-8").strip() if file else "")


def _ports(settings: Mapping[str, str], variable: str, usual: int) -> range:
    """Read a port or, one for each instance, a range of them: API_PORT=8000-8001."""
    first, _, last = (settings.get(variable) or str(usual)).partition("-")
    return range(int(first), int(last or first) + 1)


def _through_grafana(grafana: str, source: str, settings: Mapping[str, str]) -> str:
    """Loki and Tempo publish no port; Grafana forwards queries to its data sources."""
    login = f"admin:{quote(_secret(settings, 'GF_ADMIN_PASSWORD'), safe='')}"
    return f"{grafana.replace('://', f'://{login}@', 1)}/api/datasources/proxy/uid/{source}"


def _answering(name: str, ports: range) -> str | None:
    """Give the first address at which something answers well."""
    with requests.Session() as session:
        session.trust_env = False  # no proxy: it could not reach this machine's loopback
        for port in ports:
            url = f"http://{HOST}:{port}"
            try:
                if session.get(f"{url}{READY[name]}", timeout=TIMEOUT_SECONDS).ok:
                    return url
            except requests.RequestException:
                continue
    return None
