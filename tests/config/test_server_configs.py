# SPDX-License-Identifier: Apache-2.0
"""The servers' config files agree with each other, with the table of services, and with the documents they point to."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.addresses import ANY_ADDRESS
from stack.services import SERVICES
from tests.config.rules import FILES, promtool_tests

ALWAYS_FIRES = "Watchdog"
ROOT = Path(__file__).parents[2]
CONFIGS = sorted(
    path
    for name in ("otel", "prometheus", "loki", "tempo", "alertmanager", "nginx")
    for path in (ROOT / name).rglob("*")
    if path.is_file() and "tests" not in path.parts
)
KNOWN = {(port.service, port.number) for service in SERVICES for port in service.ports}
PUBLISHED = {port.number for service in SERVICES for port in service.ports if port.published}
OWN = {"0.0.0.0", "127.0.0.1", "localhost"}  # noqa: S104  # the address in the files


def unknown_addresses(text: str) -> list[str]:
    """List the name:port pairs that no service of the table has; a number in front of the colon is a time of day."""
    found = [(match["host"], int(match["port"])) for match in ANY_ADDRESS.finditer(text)]
    links = [f"localhost:{port}" for host, port in found if host == "localhost" and port not in PUBLISHED]
    names = [(host, port) for host, port in found if host not in OWN and not host.isdigit()]
    return links + [f"{host}:{port}" for host, port in names if (host, port) not in KNOWN]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_address_is_one_of_the_table_of_services(path: Path) -> None:
    assert unknown_addresses(path.read_text()) == []


@pytest.mark.parametrize("address", ["promehteus:9090", "loki:3101", "http://localhost:3000/d/x"])
def test_a_misspelt_address_is_seen(address: str) -> None:
    assert len(unknown_addresses(f"endpoint: {address}")) == 1


def alerts() -> list[Any]:
    rules = [(file, rule) for file in FILES for group in load(file)["groups"] for rule in group["rules"]]
    return [pytest.param(file, rule, id=rule["alert"]) for file, rule in rules if "alert" in rule]


def load(path: Path) -> Any:  # noqa: ANN401  # YAML
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize(("_file", "rule"), alerts())
def test_an_alert_names_who_acts_and_where_to_read_on(_file: Path, rule: dict[str, Any]) -> None:
    notes = rule["annotations"]
    runbook = ROOT / "docs/runbooks" / f"{rule['alert']}.md"

    assert set(rule["labels"]) == {"severity", "category", "team"}
    assert {"summary", "description"} < set(notes)
    assert notes["runbook_url"] == f"http://localhost:80/runbooks/{runbook.name}"
    assert runbook.read_text().startswith(f"# {rule['alert']}\n")


@pytest.mark.parametrize(("file", "rule"), alerts())
def test_an_alert_is_proven_silent_and_firing(file: Path, rule: dict[str, Any]) -> None:
    groups = [group for tests in promtool_tests(file) for group in load(tests)["tests"]]
    cases = [case for group in groups for case in group.get("alert_rule_test", [])]
    expected = [case["exp_alerts"] for case in cases if case["alertname"] == rule["alert"]]

    assert [] in expected or rule["alert"] == ALWAYS_FIRES
    assert any(expected)


def test_metrics_logs_and_traces_are_kept_equally_long() -> None:
    metrics = load(ROOT / "prometheus/prometheus.yaml")["storage"]["tsdb"]["retention"]["time"]
    logs = load(ROOT / "loki/loki.yaml")["limits_config"]["retention_period"]
    traces = load(ROOT / "tempo/tempo.yaml")["compactor"]["compaction"]["block_retention"]

    assert {hours(metrics), hours(logs), hours(traces)} == {7 * 24}


def hours(duration: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([hd])", duration).groups()  # type: ignore[union-attr]
    return int(number) * {"h": 1, "d": 24}[unit]
