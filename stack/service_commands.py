# SPDX-License-Identifier: Apache-2.0
"""The commands of the loan service itself: its database, its migrations, its workers."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from stack.ports import HOST
from stack.postgres import Postgres
from stack.process import Command
from stack.proxies import loopback_is_direct
from stack.site import ROOT

if TYPE_CHECKING:
    from stack.site import Site

API_COMMAND = "gunicorn -c gunicorn.conf.py app.wsgi:app"
DATABASE_URL = "postgresql+psycopg2://loan:loan@db:5432/loans"


def database_url(site: Site) -> str:
    """Give the service's DATABASE_URL, rewritten for this machine."""
    return site.addresses.rewrite(site.secret("DATABASE_URL") or DATABASE_URL)


def database(site: Site) -> Postgres:
    """Give the server that serves the service's DATABASE_URL."""
    url = make_url(database_url(site))
    return Postgres(
        site.shared_data("db"),
        site.port("db"),
        user=url.username or "loan",
        password=str(url.password or "loan"),
    )


def database_ready(site: Site) -> bool:
    """Tell whether PostgreSQL answers, and create the service's database as soon as it does."""
    server = database(site)
    if not server.ready():
        return False
    server.create(make_url(database_url(site)).database or "loans")
    return True


def service_environment(site: Site) -> dict[str, str]:
    """Give the environment of the loan service: the settings file, and what differs on this machine."""
    settings = {name: site.addresses.rewrite(value) for name, value in site.settings.items()}
    settings.pop("DATABASE_URL_FILE", None)  # its content had to be rewritten
    return {
        **loopback_is_direct(os.environ),
        **settings,
        # The settings may name programs of this environment (API_CMD) although it isn't activated.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "DATABASE_URL": database_url(site),
        "API_HOST": HOST,
        "API_PORT": str(site.port("api")),
        "LOG_DIR": str(site.log_dir),
        "TELEMETRY_DIR": str(site.telemetry_dir),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{site.address('otelcol')}",
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
