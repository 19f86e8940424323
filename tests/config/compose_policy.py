# SPDX-License-Identifier: Apache-2.0
"""What docker-compose.yml promises, as functions that list every broken promise; tests feed them broken files too."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

Compose = dict[str, Any]
Service = dict[str, Any]

# Host port -> who may publish it. Everything but Nginx is for people at this machine alone.
PUBLISHED = {
    "api": ("127.0.0.1", "API_PORT", 8000),
    "db": ("127.0.0.1", "DB_PORT", 5432),
    "nginx": ("", "NGINX_PORT", 80),
    "prometheus": ("127.0.0.1", "PROMETHEUS_PORT", 9090),
    "grafana": ("127.0.0.1", "GRAFANA_PORT", 3030),
    "alertmanager": ("127.0.0.1", "ALERTMANAGER_PORT", 9093),
    "mailpit": ("127.0.0.1", "MAILPIT_PORT", 8025),
}
PORT = re.compile(r"(?:(?P<address>[\d.]+):)?\$\{(?P<variable>\w+):-(?P<host>\d+)\}:(?P<inside>\d+)")
# Their images hold one program that cannot check itself, or they run once.
WITHOUT_HEALTHCHECK = {"otelcol", "nginx-exporter", "migrate", "volume-owner", "check-settings"}
# It hands volumes to the others, which is what root is for.
ROOT_ALLOWED = {"volume-owner": ["CHOWN"]}
LINKS = {
    "PUBLIC_URL": "NGINX_PORT",
    "GRAFANA_URL": "GRAFANA_PORT",
    "PROMETHEUS_URL": "PROMETHEUS_PORT",
    "ALERTMANAGER_URL": "ALERTMANAGER_PORT",
}
# One that is replaced stands between two | of sed.
FIXED_LINK = re.compile(r"(?<!\|)http://localhost:\d+")
MAY_BE_EMPTY = {"OPS_TOKEN"}  # in development /metrics is open; elsewhere the service itself refuses to start
SECRETS = {
    "POSTGRES_PASSWORD",
    "DATABASE_URL",
    "SECRET_KEY",
    "NATIONAL_ID_PEPPER",
    "API_KEYS",
    "OPS_TOKEN",
    "GF_ADMIN_PASSWORD",
}
# A value may hold another variable: ${A:-http://localhost:${B:-80}}. $$ is a dollar for the shell in the container.
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<operator>:?[-+?]|\})")
BUILT = "loan-service:local"


def load() -> Compose:
    """Read the file as it is, variables unexpanded."""
    compose: Compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return compose


def publishing(compose: Compose) -> Iterator[str]:
    """Publish only the listed ports, each on its address, behind its variable, with its default number."""
    for name, service in compose["services"].items():
        ports = [PORT.fullmatch(port) for port in service.get("ports", [])]
        found = [port and (port["address"] or "", port["variable"], int(port["host"])) for port in ports]
        if found != ([PUBLISHED[name]] if name in PUBLISHED else []):
            yield f"{name} publishes {service.get('ports')}"


def hardening(compose: Compose) -> Iterator[str]:
    """No container has root, capabilities, a way to more of either, or unlimited memory and processes."""
    for name, service in compose["services"].items():
        if service.get("cap_drop") != ["ALL"] or service.get("cap_add", []) != ROOT_ALLOWED.get(name, []):
            yield f"{name} has capabilities"
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name} may gain privileges"
        if "mem_limit" not in service or "pids_limit" not in service:
            yield f"{name} has no limits"
        if "max-size" not in service.get("logging", {}).get("options", {}):
            yield f"{name} may fill the disk with its log"
        if name not in ROOT_ALLOWED and not _unprivileged(service):
            yield f"{name} runs as root"
        # Compose cannot put a secret from the environment into a read-only container.
        if bool(service.get("read_only")) == bool(service.get("secrets") or service.get("configs")):
            yield f"{name} is writable without a reason, or could not start"


def _unprivileged(service: Service) -> bool:
    user = str(service.get("user", "image" if service["image"] == BUILT else "0"))
    return user == "image" or re.fullmatch(r"[1-9]\d*:\d+", user) is not None


def health(compose: Compose) -> Iterator[str]:
    """Each container has a health check, except those that can't have one."""
    for name, service in compose["services"].items():
        check = service.get("healthcheck", {"test": "in the image"} if service["image"] == BUILT else {})
        if (name in WITHOUT_HEALTHCHECK) != bool(check.get("disable")) or not (check.get("disable") or "test" in check):
            yield f"{name} has no health check"


def mounting(compose: Compose) -> Iterator[str]:
    """Mount from the repository only existing paths, read-only."""
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source, _, options = volume.partition(":")
            if source.startswith("."):
                if not options.endswith(":ro"):
                    yield f"{name} may change {source}"
                if not (ROOT / source).exists():
                    yield f"{name} mounts {source}, which is missing"
            elif source not in compose["volumes"]:
                yield f"{name} mounts the unknown volume {source}"


def secrecy(compose: Compose) -> Iterator[str]:
    """Hand secrets over as files alone: an environment is shown by `docker inspect`."""
    for name in SECRETS | set(compose["secrets"]):
        source = compose["secrets"].get(name, {}).get("environment")
        # The second form makes Compose refuse an empty one.
        if source != (name if name in MAY_BE_EMPTY else f"${{{name}:+{name}}}"):
            yield f"the secret {name} comes from {source}"
    for name, service in compose["services"].items():
        words = str([service.get(key) for key in ("environment", "command", "entrypoint", "labels", "healthcheck")])
        if leaked := {match["name"] for match in VARIABLE.finditer(words) if match["operator"] != ":+"} & SECRETS:
            yield f"{name} shows {', '.join(sorted(leaked))}"


def waiting(compose: Compose) -> Iterator[str]:
    """Let the service wait for what it cannot work without, never for what observes it."""
    for name in ("api", "migrate", "db", "nginx"):
        needs = set(compose["services"][name].get("depends_on", {}))
        if extra := needs - {"db", "migrate", "volume-owner", "check-settings"}:
            yield f"{name} waits for {', '.join(sorted(extra))}"
    if compose["services"]["api"].get("depends_on", {}).get("migrate", {}).get("condition") != (
        "service_completed_successfully"
    ):
        yield "api does not wait for the migrations"
    # PostgreSQL and Grafana keep the password of their first start, the volumes' owner makes folders.
    for name in ("db", "grafana", "volume-owner"):
        needs = compose["services"][name].get("depends_on", {})
        if needs.get("check-settings", {}).get("condition") != "service_completed_successfully":
            yield f"{name} starts before the settings are checked"


def building(compose: Compose) -> Iterator[str]:
    """Build the service's image once: each further build gives its tag another id, and that recreates the others."""
    for name, service in compose["services"].items():
        if service["image"] == BUILT and ("build" in service) != (name == "api"):
            yield f"{name} builds the image, or api does not"
        if service["image"] == BUILT and name != "api" and service.get("pull_policy") != "never":
            yield f"{name} would look for the image in a registry"


def linking(compose: Compose) -> Iterator[str]:
    """Let every link for people follow the ports, and the address where a reverse proxy publishes its server."""
    text = str(compose)
    for url, port in LINKS.items():
        if f"${{{url}:-http://localhost:${{{port}:-" not in text:
            yield f"no link follows {url} and {port}"
    for match in FIXED_LINK.finditer(text):
        yield f"the link {match[0]} is fixed"


def segments(compose: Compose) -> Iterator[str]:
    """Let the database talk to its users alone, and the public edge to the service alone."""
    neighbours = {
        "db": {"api", "migrate", "postgres-exporter"},
        "nginx": {"api", "nginx-exporter"},
        "loki": set(compose["services"]) - {"db", "nginx", "migrate", "volume-owner", "check-settings", "loki"},
    }
    for name, expected in neighbours.items():
        networks = set(compose["services"][name]["networks"])
        others = {
            other for other, service in compose["services"].items() if networks & set(service.get("networks", []))
        }
        if others - {name} != expected:
            yield f"{name} can talk to {', '.join(sorted(others - {name}))}"


def variables(compose: Compose) -> set[str]:
    """Give the names that an environment file has to set: the secrets, and what has no default."""
    needed = {match["name"] for match in VARIABLE.finditer(str(compose)) if match["operator"] != ":-"}
    return needed | SECRETS


RULES = (publishing, hardening, health, mounting, secrecy, waiting, building, linking, segments)


def broken_promises(compose: Compose) -> list[str]:
    """List every promise that the file breaks."""
    return [promise for rule in RULES for promise in rule(compose)]
