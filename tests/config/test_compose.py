# SPDX-License-Identifier: Apache-2.0
"""docker-compose.yml and the Dockerfile follow the policy and agree with the other files of the same settings."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.otel_variables import HONOURED
from grafana.provisioned.files import sources
from stack import grafana
from stack.addresses import Addresses
from stack.catalogue import BY_NAME
from stack.environment import parse
from stack.go_memory import GROWTH_PERCENT, LIMITS_MIB
from stack.ports import FreePorts
from stack.services import SERVICES
from stack.site import Site
from tests.config.compose_policy import BUILT, MAY_BE_EMPTY, PUBLISHED, ROOT, broken_promises, load, variables

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ENVIRONMENTS = (".env.dev", ".env.staging", ".env.production")
# Compose service -> the program that `nox -s up` builds for it.
SERVERS = {
    "prometheus": "prometheus",
    "otelcol": "otelcol",
    "mailpit": "mailpit",
    "alertmanager": "alertmanager",
    "tempo": "tempo",
    "loki": "loki",
    "nginx-exporter": "nginx_exporter",
    "postgres-exporter": "postgres_exporter",
}
CONFIGS = {
    "prometheus": "prometheus/prometheus.yaml",
    "otelcol": "otel/collector.yaml",
    "loki": "loki/loki.yaml",
    "tempo": "tempo/tempo.yaml",
    "alertmanager": "alertmanager/alertmanager.yaml",
}
# A flag's name, and its value where the header gives one that is the same everywhere (file names and folders are not).
FLAG = re.compile(r"(?<=\s)(--?[a-z][\w.-]*)(?:=([\w.:,-]*))?")
LINKS = {"--web.external-url"}  # published by compose under this address
PLACES = {"--config", "--config.file", "-config.file", "--storage.tsdb.path", "--storage.path"}


def test_every_promise_is_kept() -> None:
    assert broken_promises(load()) == []


@pytest.mark.parametrize(
    ("service", "change", "promise"),
    [
        ("loki", {"ports": ["3100:3100"]}, "loki publishes"),
        ("db", {"ports": ["${DB_PORT:-5432}:5432"]}, "db publishes"),
        ("grafana", {"ports": []}, "grafana publishes"),
        ("tempo", {"cap_drop": []}, "tempo has capabilities"),
        ("api", {"cap_add": ["SYS_ADMIN"]}, "api has capabilities"),
        ("tempo", {"security_opt": []}, "tempo may gain privileges"),
        ("loki", {"user": "root"}, "loki runs as root"),
        ("mailpit", {"user": "0:0"}, "mailpit runs as root"),
        ("tempo", {"read_only": False}, "tempo is writable without a reason"),
        ("grafana", {"read_only": True}, "grafana is writable without a reason, or could not start"),
        ("tempo", {"logging": {}}, "tempo may fill the disk"),
        ("loki", {"healthcheck": {}}, "loki has no health check"),
        ("loki", {"healthcheck": {"disable": True}}, "loki has no health check"),
        ("loki", {"volumes": ["./loki/loki.yaml:/etc/loki/loki.yaml"]}, "loki may change ./loki/loki.yaml"),
        ("loki", {"volumes": ["./loki/no.yaml:/etc/loki.yaml:ro"]}, "loki mounts ./loki/no.yaml, which is missing"),
        ("loki", {"volumes": ["data:/loki"]}, "loki mounts the unknown volume data"),
        ("api", {"environment": {"DATABASE_URL": "${DATABASE_URL}"}}, "api shows DATABASE_URL"),
        ("api", {"depends_on": {"otelcol": {}}}, "api waits for otelcol"),
        ("api", {"depends_on": {}}, "api does not wait for the migrations"),
        ("db", {"depends_on": {}}, "db starts before the settings are checked"),
        ("grafana", {"depends_on": {}}, "grafana starts before the settings are checked"),
        ("migrate", {"build": "."}, "migrate builds the image"),
        ("migrate", {"pull_policy": "missing"}, "migrate would look for the image"),
        (
            "grafana",
            {"environment": {"GF_SERVER_ROOT_URL": "http://localhost:3030/"}},
            "the link http://localhost:3030",
        ),
        ("alertmanager", {"command": []}, "no link follows ALERTMANAGER_URL"),
        ("nginx", {"networks": ["edge", "app", "data"]}, "db can talk to"),
        ("grafana", {"networks": ["observability", "app"]}, "nginx can talk to"),
    ],
)
def test_a_broken_promise_is_seen(service: str, change: dict[str, Any], promise: str) -> None:
    compose = load()
    compose["services"][service] |= change

    assert any(found.startswith(promise) for found in broken_promises(compose)), broken_promises(compose)


def test_a_secret_that_may_be_empty_is_seen() -> None:
    compose = load()
    compose["secrets"]["SECRET_KEY"] = {"environment": "SECRET_KEY"}

    assert broken_promises(compose) == ["the secret SECRET_KEY comes from SECRET_KEY"]


@pytest.mark.parametrize("key", ["mem_limit", "pids_limit"])
def test_a_missing_limit_is_seen(key: str) -> None:
    compose = load()
    del compose["services"]["api"][key]

    assert broken_promises(compose) == ["api has no limits"]


def test_the_services_have_the_names_that_config_files_and_people_use() -> None:
    others = {"api", "migrate", "db", "nginx", "grafana", "volume-owner", "check-settings"}

    assert set(load()["services"]) == {*SERVERS, *others}


@pytest.mark.parametrize(("service", "server"), SERVERS.items())
def test_an_image_has_the_version_that_is_built_without_docker(service: str, server: str) -> None:
    tag = load()["services"][service]["image"].rpartition(":")[2]

    assert tag.removeprefix("v") == BY_NAME[server].version


def test_every_foreign_image_is_pinned_to_a_release() -> None:
    images = [service["image"] for service in load()["services"].values() if service["image"] != BUILT]
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert [image for image in images + bases if not re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)*$", image)] == []


@pytest.mark.parametrize(("service", "config"), CONFIGS.items())
def test_a_server_is_started_as_in_its_config_file(service: str, config: str) -> None:
    given = dict(flag.partition("=")[::2] for flag in load()["services"][service]["command"])

    said = dict(started_with(config))

    assert set(given) - LINKS == set(said)
    assert {flag: given[flag] for flag in set(said) - PLACES} == {flag: said[flag] for flag in set(said) - PLACES}


def started_with(config: str) -> list[tuple[str, str]]:
    """Read the flags from the comment at the top of a config file, from `Started with:` to the next paragraph."""
    lines = (ROOT / config).read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if "Started with:" in line)
    end = next(n for n, line in enumerate(lines[begin + 1 :], begin + 1) if not re.match(r"#  +", line))
    flags = [match.groups(default="") for line in lines[begin:end] for match in FLAG.finditer(line.split(" (")[0])]
    return [(flag, value) for flag, value in flags]


def test_security_md_lists_the_containers_with_a_read_only_root() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    sentence = re.search(r"The root file systems of (.*?) are read-only\. Those of (.*?) are not", text)
    assert sentence
    servers = {name: one for name, one in load()["services"].items() if one["restart"] != "no"}

    said = [set(re.findall(r"`([\w-]+)`", names)) for names in sentence.groups()]

    assert said == [
        {name for name, one in servers.items() if bool(one.get("read_only")) == wanted} for wanted in (True, False)
    ]


def test_grafana_has_the_same_settings_without_docker(tmp_path: Path) -> None:
    ports = FreePorts()
    site = Site(tmp_path, Addresses({port: ports.choose(port) for one in SERVICES for port in one.ports}), {})

    native = grafana.command(site).env

    compose = load()["services"]["grafana"]["environment"]
    elsewhere = {name for name in native if native[name] != str(compose.get(name)).strip()}
    # Addresses, paths and logins are where they run.
    assert {name for name in elsewhere if name.startswith("GF_")} == {
        "GF_PATHS_PROVISIONING",
        "GF_PATHS_DATA",
        "GF_PATHS_LOGS",
        "GF_PATHS_PLUGINS",
        "GF_SERVER_HTTP_ADDR",
        "GF_SERVER_HTTP_PORT",
        "GF_SERVER_ROOT_URL",
        "GF_SECURITY_ADMIN_PASSWORD",
        "GF_SMTP_HOST",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH",
    }
    only_there = {"GF_SECURITY_ADMIN_PASSWORD__FILE", "LINKS", "NO_PROXY", "no_proxy"}  # natively no proxy is passed on
    assert {name for name in compose if name not in native} == only_there


def test_grafanas_home_page_is_a_dashboard_that_is_mounted() -> None:
    service = load()["services"]["grafana"]
    home = service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]

    assert (ROOT / "grafana" / home.removeprefix("/run/grafana/")).is_file()


def test_no_plugin_is_disabled_that_a_data_source_needs() -> None:
    disabled = set(grafana.UNUSED_PLUGINS.split(","))

    assert disabled & {source.type for source in sources().values()} == set()


@pytest.mark.parametrize("password", ["loan", "p@ss:w/ord%zz#?&'\"\\ $", "-n", "$(id) `id` *"])
def test_the_exporter_gets_any_password_as_it_is(password: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(password)
    shell, option, script, name = (
        word.replace("$$", "$") for word in load()["services"]["postgres-exporter"]["entrypoint"]
    )
    script = script.replace("/run/secrets/POSTGRES_PASSWORD", str(tmp_path / "secret"))
    shown = [sys.executable, "-c", "import os, sys; print(os.environ['PGPASSWORD'], *sys.argv[1:])", "--flag"]

    done = subprocess.run(
        [shell, option, script.replace("/bin/postgres_exporter ", ""), name, *shown],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"{password} --flag\n"


def test_the_ports_are_those_of_the_stack_without_docker() -> None:
    ports = {port.service: port for service in SERVICES for port in service.ports if port.first}

    for name, (_, variable, number) in PUBLISHED.items():
        # Without root Nginx takes another port there: compare with the one in config files.
        assert (ports[name].variable, ports[name].number) == (variable, number)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_file_sets_every_variable_that_compose_needs(name: str) -> None:
    settings = parse((ROOT / name).read_text(encoding="utf-8"), {})

    assert variables(load()) - set(settings) == set()


def test_every_variable_of_opentelemetry_that_the_service_honours_is_passed_on() -> None:
    environment = load()["services"]["api"]["environment"]
    passed = {name: value for name, value in environment.items() if name.startswith("OTEL_")}

    assert list(passed) == [variable.name for variable in HONOURED]
    assert {name: value for name, value in passed.items() if value is not None} == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "${OTEL_EXPORTER_OTLP_ENDPOINT:-http://otelcol:4318}"
    }


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_file_moves_only_ports_that_are_published(name: str) -> None:
    settings = parse((ROOT / name).read_text(encoding="utf-8"), {})
    known = {variable for _, variable, _ in PUBLISHED.values()}

    assert {variable for variable in settings if variable.endswith("_PORT")} <= known


def test_development_starts_without_anything_to_fill_in() -> None:
    settings = parse((ROOT / ".env.dev").read_text(encoding="utf-8"), {})

    assert {name for name in variables(load()) if not settings[name]} <= MAY_BE_EMPTY


@pytest.mark.parametrize("service", LIMITS_MIB)
def test_go_collects_garbage_before_the_container_is_full(service: str) -> None:
    found = load()["services"][service]
    limit = _mebibytes(found["mem_limit"])
    if service == "otelcol":  # it refuses before its container is full
        collector = yaml.safe_load((ROOT / CONFIGS[service]).read_text(encoding="utf-8"))
        limit = collector["processors"]["memory_limiter"]["limit_mib"]

    assert found["environment"]["GOMEMLIMIT"] == f"{LIMITS_MIB[service]}MiB"
    assert LIMITS_MIB[service] == limit * 8 // 10


@pytest.mark.parametrize("service", GROWTH_PERCENT)
def test_the_heap_grows_as_little_as_without_docker(service: str) -> None:
    assert load()["services"][service]["environment"]["GOGC"] == str(GROWTH_PERCENT[service])


def test_every_server_in_go_has_a_limit_for_its_memory() -> None:
    assert set(LIMITS_MIB) == {*SERVERS, "grafana"}


def _mebibytes(limit: str) -> int:
    return int(limit[:-1]) * {"m": 1, "g": 1024}[limit[-1]]


def test_containers_ask_each_other_directly_whatever_proxy_docker_hands_them() -> None:
    """Docker sets HTTP_PROXY in every container where the client's configuration names one."""
    services = {name: one for name, one in load()["services"].items() if one.get("restart") != "no"}
    # PostgreSQL sends no requests, and its exporter uses no HTTP for it.
    for name in services.keys() - {"db", "postgres-exporter"}:
        environment = services[name]["environment"]
        assert environment["NO_PROXY"] == environment["no_proxy"]
        assert {"localhost", "127.0.0.1", *services} <= set(environment["NO_PROXY"].split(",")), name
