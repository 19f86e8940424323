# SPDX-License-Identifier: Apache-2.0
"""The command line and the environment of every server that is built here.

Each runs in the run folder and gets paths relative to it. Most of these servers parse the paths they are given: as
globs, as lists with commas, as URLs, with $VARIABLES. A relative path has none of the characters that the checkout's
own path may have.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stack.go_memory import go_memory
from stack.overlays import require_overlay
from stack.pages import place_prometheus_page
from stack.ports import HOST
from stack.process import Command
from stack.service_commands import sqlalchemy_url
from stack.site import common_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stack.site import Site


def _command(site: Site, service: str, argv: list[str], env: Mapping[str, str] | None = None) -> Command:
    environment = common_environment() | go_memory(service) | dict(env or {})
    return Command(argv=argv, log=site.output(service), env=environment, cwd=site.run_dir)


def _program(site: Site, name: str) -> str:
    return str(site.programs[name])


def prometheus(site: Site) -> Command:
    """Serve metrics and evaluate rules."""
    config = site.config("prometheus")
    _write_secret(config / "secrets" / "ops_token", site.secret("OPS_TOKEN") or "none")
    if not site.runs("grafana"):
        (config / "targets" / "grafana.yaml").unlink(missing_ok=True)
    place_prometheus_page(site)
    options = [
        f"--config.file={site.relative(config / 'prometheus.yaml')}",
        f"--storage.tsdb.path={site.relative(site.data('prometheus'))}",
        f"--web.listen-address={site.address('prometheus')}",
        f"--web.external-url={site.link('prometheus')}",
        "--web.enable-otlp-receiver",
        "--web.enable-remote-write-receiver",
        "--enable-feature=exemplar-storage,created-timestamp-zero-ingestion",
    ]
    return _command(site, "prometheus", [_program(site, "prometheus"), *options])


def otelcol(site: Site) -> Command:
    """Receive telemetry and pass it on."""
    options = [word for file in _collector_configs(site) for word in ("--config", site.relative(file))]
    return _command(
        site,
        "otelcol",
        [_program(site, "otelcol"), *options, "--feature-gates=stanza.synchronousLogEmitter"],
        {
            "LOG_DIR": site.relative(site.log_dir),
            "OTELCOL_DATA": site.relative(site.data("otelcol")),
            "OTELCOL_METRICS_HOST": HOST,
            "OTELCOL_METRICS_PORT": str(site.port("otelcol", "metrics")),
            "APP_ENV": site.settings.get("APP_ENV", "dev"),
        },
    )


def _collector_configs(site: Site) -> list[Path]:
    """Give the collector's file and, where OTELCOL_OVERLAY names one, the file that is merged over it."""
    names = ("collector", require_overlay(site.setting("OTELCOL_OVERLAY")))
    return [site.config("otelcol") / f"{name}.yaml" for name in names if name]


def loki(site: Site) -> Command:
    """Store and search logs."""
    addresses = [f"-server.http-listen-address={HOST}", f"-server.grpc-listen-address={HOST}"]
    return _command(
        site, "loki", [*_grafana_labs(site, "loki"), *addresses], {"LOKI_DATA": site.relative(site.data("loki"))}
    )


def tempo(site: Site) -> Command:
    """Store and search traces."""
    environment = {
        "TEMPO_DATA": site.relative(site.data("tempo")),
        "TEMPO_HTTP_ADDRESS": HOST,
    }  # it has no flag for the address
    command = _command(site, "tempo", _grafana_labs(site, "tempo"), environment)
    return replace(command, grace_seconds=8)  # 5 s, or never if it has just received a query; by then all is written


def _grafana_labs(site: Site, name: str) -> list[str]:
    return [
        _program(site, name),
        f"-config.file={site.relative(site.config(name) / f'{name}.yaml')}",
        "-config.expand-env=true",
        f"-server.http-listen-port={site.port(name)}",
        f"-server.grpc-listen-port={site.port(name, 'grpc')}",
    ]


def alertmanager(site: Site) -> Command:
    """Group alerts and send them as mail."""
    options = [
        f"--config.file={site.relative(site.config('alertmanager') / 'alertmanager.yaml')}",
        f"--storage.path={site.relative(site.data('alertmanager'))}",
        f"--web.listen-address={site.address('alertmanager')}",
        f"--web.external-url={site.link('alertmanager')}",
        "--cluster.listen-address=",
    ]
    return _command(site, "alertmanager", [_program(site, "alertmanager"), *options])


def mailpit(site: Site) -> Command:
    """Take mail and keep it for reading; the label is shown on its page, which makes links of the addresses."""
    places = ", ".join(f"{service.capitalize()} {site.link(service)}" for service in ("alertmanager", "prometheus"))
    options = [
        f"--label={places}, runbooks {site.link('nginx')}/runbooks/",
        f"--smtp={site.address('mailpit', 'smtp')}",
        f"--listen={site.address('mailpit')}",
        f"--database={site.relative(site.data('mailpit') / 'mailpit.db')}",
        "--enable-prometheus=true",
        "--disable-version-check",
    ]
    return _command(site, "mailpit", [_program(site, "mailpit"), *options])


def postgres_exporter(site: Site) -> Command:
    """Turn PostgreSQL's statistics into metrics."""
    url = sqlalchemy_url(site)
    argv = [_program(site, "postgres_exporter"), f"--web.listen-address={site.address('postgres-exporter')}"]
    login = {
        "DATA_SOURCE_URI": f"{site.address('db')}/{url.database}?sslmode=disable",
        "DATA_SOURCE_USER": url.username or "",
        # Its driver reads this one; of DATA_SOURCE_PASS with a space, version 0.19.1 makes a URL that it cannot take
        # apart again, and logs it with the password.
        "PGPASSWORD": str(url.password or ""),
    }
    return _command(site, "postgres-exporter", argv, login)


def nginx_exporter(site: Site) -> Command:
    """Turn Nginx's status page into metrics."""
    options = [
        f"--nginx.scrape-uri=http://{site.address('nginx', 'status')}/stub_status",
        f"--web.listen-address={site.address('nginx-exporter')}",
    ]
    return _command(site, "nginx-exporter", [_program(site, "nginx_exporter"), *options])


def _write_secret(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
