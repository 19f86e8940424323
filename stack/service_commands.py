# SPDX-License-Identifier: Apache-2.0
"""The commands of the loan service itself: its database, its migrations, its workers."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.database_url import complete, read, render
from app.settings import DEV_DATABASE_URL, SECRETS
from stack.ports import HOST
from stack.postgres import Postgres
from stack.process import Command
from stack.proxies import loopback_is_direct
from stack.site import ROOT

if TYPE_CHECKING:
    from sqlalchemy import URL

    from stack.site import Site

API_COMMAND = "gunicorn -c gunicorn.conf.py app.wsgi:app"
DATABASE_PORT = 5432  # PostgreSQL's own, where the URL has none


def sqlalchemy_url(site: Site) -> URL:
    """Give the service's DATABASE_URL for this machine, with its password."""
    url = complete(read(site.secret("DATABASE_URL") or DEV_DATABASE_URL), site.secret("POSTGRES_PASSWORD"))
    # Only the address: a user or a password may look like one.
    host, _, port = site.addresses.rewrite(f"{url.host}:{url.port or DATABASE_PORT}").rpartition(":")
    return url.set(host=host, port=int(port))


def database_url(site: Site) -> str:
    """Give the service's DATABASE_URL for this machine as text, with its password."""
    return render(sqlalchemy_url(site))


def database(site: Site) -> Postgres:
    """Give the server that serves the service's DATABASE_URL."""
    url = sqlalchemy_url(site)
    return Postgres(
        site.shared_data("db"),
        site.port("db"),
        user=str(url.username),
        password=str(url.password or "loan"),
        log=site.output("db"),
    )


def database_ready(site: Site) -> bool:
    """Return whether PostgreSQL answers, and create the service's database as soon as it does."""
    server = database(site)
    if not server.ready():
        return False
    server.create(str(sqlalchemy_url(site).database))
    return True


def service_environment(site: Site) -> dict[str, str]:
    """Give the environment of the loan service: the settings file, and what differs on this machine."""
    settings = {
        name: value if name in SECRETS else site.addresses.rewrite(value) for name, value in site.settings.items()
    }
    # DATABASE_URL has what was in its file: the address had to be rewritten.
    inherited = {name: value for name, value in (os.environ | settings).items() if name != "DATABASE_URL_FILE"}
    return {
        **loopback_is_direct(inherited),
        # The settings may name programs of this environment (API_CMD) although it isn't activated.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "DATABASE_URL": database_url(site),
        "API_HOST": HOST,
        "API_PORT": str(site.port("api")),
        "LOG_DIR": str(site.log_dir),
        "TELEMETRY_DIR": str(site.telemetry_dir),
        "OTEL_EXPORTER_OTLP_ENDPOINT": inherited.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        or f"http://{site.address('otelcol')}",
        **site.overrides,
    }


def migrate(site: Site) -> Command:
    """Bring the schema up to date, once."""
    argv = [sys.executable, "-m", "app.storage.migrate"]
    return Command(argv=argv, log=site.output("migrate"), env=service_environment(site), cwd=ROOT)


def api(site: Site) -> Command:
    """Serve the loan service with its workers."""
    environment = service_environment(site)
    return Command(
        argv=shlex.split(environment.get("API_CMD") or API_COMMAND),
        log=site.output("api"),
        env=environment,
        cwd=ROOT,
        death_signal=signal.SIGTERM,  # Gunicorn takes its workers along
        grace_seconds=15,
    )
