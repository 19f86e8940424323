# SPDX-License-Identifier: Apache-2.0
"""The table of services: command, config files, ports, readiness, what each needs first, and who stops when."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stack import grafana, nginx, overlays, server_commands, service_commands
from stack.ports import Port
from stack.readiness import answers_ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.process import Command
    from stack.readiness import Readiness
    from stack.site import Site

# Stopping order: clients before what they talk to, so that the last telemetry still arrives.
EDGE, SERVICE, COLLECTOR, BACKEND, DATABASE = 4, 3, 2, 1, 0


def _always_possible() -> str | None:
    return None


@dataclass(frozen=True)
class Service:
    """One line of the table."""

    name: str
    command: Callable[[Site], Command]
    stop_order: int
    ready: Readiness | None = None  # None: it is ready when it has ended well, once
    ports: tuple[Port, ...] = ()
    program: str | None = None  # what must be built first
    files: tuple[str, ...] = ()  # copied with rewritten addresses; the first is what tests may transform
    needs: tuple[str, ...] = ()
    why_missing: Callable[[], str | None] = _always_possible
    title: str = ""
    patience_seconds: float = 120.0
    essential: bool = False  # there is no service without it: if it cannot start at all, nothing stays


def _ports(service: str, host: int | None = None, **numbers: int) -> tuple[Port, ...]:
    return tuple(
        Port(service, name, number, host=host if place == 0 else None, first=place == 0)
        for place, (name, number) in enumerate(numbers.items())
    )


# The service comes first. On two cores it would be late if its observers started at the same time.
FIRST = ("db", "migrate", "api", "nginx")

# Port 80 needs root.
NGINX_HOST_PORT = 80 if os.geteuid() == 0 else 8080

SERVICES = (
    Service(
        "db",
        command=lambda site: service_commands.database(site).command(),
        ready=service_commands.database_ready,
        ports=_ports("db", sql=5432),
        stop_order=DATABASE,
        title="PostgreSQL",
        essential=True,
    ),
    Service("migrate", command=service_commands.migrate, needs=("db",), stop_order=SERVICE, essential=True),
    Service(
        "api",
        command=service_commands.api,
        ready=answers_ok("api", "/health"),
        ports=_ports("api", http=8000),
        needs=("migrate",),
        stop_order=SERVICE,
        title="the loan service: /health, /metrics, /api/v1/loans",
        essential=True,
    ),
    Service(
        "nginx",
        command=nginx.command,
        ready=answers_ok("nginx", "/livez"),
        ports=_ports("nginx", host=NGINX_HOST_PORT, http=80, status=8081),
        files=("nginx/nginx.conf", "docs/runbooks"),
        needs=("api",),
        why_missing=nginx.why_missing,
        stop_order=EDGE,
        title="the same through the reverse proxy, and the runbooks",
    ),
    Service(
        "prometheus",
        command=server_commands.prometheus,
        ready=answers_ok("prometheus", "/-/ready"),
        ports=_ports("prometheus", http=9090),
        program="prometheus",
        files=("prometheus/prometheus.yaml", "prometheus/rules", "prometheus/targets"),
        stop_order=BACKEND,
        title="metrics, targets, alerts",
    ),
    Service(
        "otelcol",
        command=server_commands.otelcol,
        ready=answers_ok("otelcol", "/", "health"),
        ports=_ports("otelcol", otlp=4318, metrics=8888, health=13133),
        program="otelcol",
        files=(overlays.COLLECTOR, *overlays.OVERLAYS),
        stop_order=COLLECTOR,
        title="the OpenTelemetry collector",
    ),
    Service(
        "mailpit",
        command=server_commands.mailpit,
        ready=answers_ok("mailpit", "/readyz"),
        ports=_ports("mailpit", http=8025, smtp=1025),
        program="mailpit",
        stop_order=BACKEND,
        title="the mails that alerts send",
    ),
    Service(
        "alertmanager",
        command=server_commands.alertmanager,
        ready=answers_ok("alertmanager", "/-/ready"),
        ports=_ports("alertmanager", http=9093),
        program="alertmanager",
        files=("alertmanager/alertmanager.yaml", "alertmanager/templates"),
        stop_order=BACKEND,
        title="alerts on their way to people",
    ),
    Service(
        "tempo",
        command=server_commands.tempo,
        ready=answers_ok("tempo", "/ready"),
        # The collector has 4318 on the host; in compose each has its own address.
        ports=(
            *_ports("tempo", http=3200, grpc=9096),
            Port("tempo", "otlp", 4318, host=4319, first=False, published=False),
        ),
        program="tempo",
        files=("tempo/tempo.yaml",),
        stop_order=BACKEND,
        title="traces",
    ),
    Service(
        "loki",
        command=server_commands.loki,
        ready=answers_ok("loki", "/ready"),
        ports=_ports("loki", http=3100, grpc=9095),
        program="loki",
        files=("loki/loki.yaml",),
        stop_order=BACKEND,
        title="logs",
    ),
    Service(
        "nginx-exporter",
        command=server_commands.nginx_exporter,
        ready=answers_ok("nginx-exporter", "/metrics"),
        ports=_ports("nginx-exporter", http=9113),
        program="nginx_exporter",
        needs=("nginx",),
        why_missing=nginx.why_missing,
        stop_order=EDGE,
        title="Nginx's numbers for Prometheus",
    ),
    Service(
        "postgres-exporter",
        command=server_commands.postgres_exporter,
        ready=answers_ok("postgres-exporter", "/metrics"),
        ports=_ports("postgres-exporter", http=9187),
        program="postgres_exporter",
        needs=("db",),
        stop_order=EDGE,
        title="PostgreSQL's numbers for Prometheus",
    ),
    Service(
        "grafana",
        command=grafana.command,
        ready=answers_ok("grafana", "/api/health"),
        ports=_ports("grafana", http=3030),
        files=("grafana/provisioning",),
        needs=("prometheus", "loki", "tempo"),
        why_missing=grafana.why_missing,
        stop_order=EDGE,
        title="dashboards and Explore",
    ),
)
