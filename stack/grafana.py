# SPDX-License-Identifier: Apache-2.0
"""Grafana from the machine, with the provisioned files; no module to build it from is published."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from stack.go_memory import go_memory
from stack.ports import HOST
from stack.process import Command
from stack.site import common_environment

if TYPE_CHECKING:
    from stack.site import Site

PACKAGE_HOME = "/usr/share/grafana"
UNUSED_PLUGINS = (
    "cloudwatch,elasticsearch,grafana-postgresql-datasource,grafana-pyroscope-datasource,influxdb,jaeger,mssql,mysql,"
    "opentsdb,stackdriver,zipkin"
)
DEVELOPMENT_PASSWORD = "loan-dev-grafana"  # noqa: S105  # as in .env.dev; listens on loopback alone


def why_missing() -> str | None:
    """Return why Grafana cannot run here and what to do, or None when it can."""
    if shutil.which("grafana") is None:
        return "grafana is not on PATH: install Grafana's package, or use docker compose; `./nox -s tour` works without"
    if not (_home() / "conf" / "defaults.ini").exists():
        return f"no conf/defaults.ini in {_home()}: set GRAFANA_HOME to Grafana's home folder"
    return None


def command(site: Site) -> Command:
    """Give the command that serves the provisioned data sources, dashboards and alerts."""
    return Command(
        argv=[shutil.which("grafana") or "grafana", "server", "--homepath", str(_home())],
        log=site.output("grafana"),
        env=common_environment() | go_memory("grafana") | _environment(site),
        cwd=site.data("grafana"),
    )


def _home() -> Path:
    return Path(os.environ.get("GRAFANA_HOME") or PACKAGE_HOME)


def _environment(site: Site) -> dict[str, str]:
    config, data = site.config("grafana"), site.data("grafana")
    return {
        # The provisioned contact point names it as a variable.
        "ALERT_EMAIL": site.settings.get("ALERT_EMAIL") or "oncall@loan.example",
        "GF_PATHS_PROVISIONING": str(config / "provisioning"),
        "GF_PATHS_DATA": str(data),
        "GF_PATHS_LOGS": str(data / "log"),
        "GF_PATHS_PLUGINS": str(data / "plugins"),
        "GF_SERVER_HTTP_ADDR": HOST,
        "GF_SERVER_HTTP_PORT": str(site.port("grafana")),
        "GF_SERVER_ROOT_URL": f"{site.link('grafana')}/",
        "GF_SECURITY_ADMIN_USER": "admin",
        "GF_SECURITY_ADMIN_PASSWORD": site.secret("GF_ADMIN_PASSWORD") or DEVELOPMENT_PASSWORD,
        "GF_USERS_ALLOW_SIGN_UP": "false",
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
        "GF_SMTP_ENABLED": "true",
        "GF_SMTP_HOST": site.address("mailpit", "smtp"),
        "GF_SMTP_FROM_ADDRESS": "grafana@loan.example",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(
            config / "provisioning" / "dashboards" / "service-red" / "service-red.json"
        ),
        # The reasons of these are in docker-compose.yml.
        "GF_PLUGINS_DISABLE_PLUGINS": UNUSED_PLUGINS,
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED": "true",
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        "GF_SNAPSHOTS_EXTERNAL_ENABLED": "false",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
    }
