# SPDX-License-Identifier: Apache-2.0
"""Every metric that a dashboard, an alert, a rule or a runbook reads is in the catalogue."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.provisioned import queries, runbook_queries, sources
from grafana.provisioned.promql import metric_names
from tests.config.rules import FILES

ROOT = Path(__file__).parents[2]
CATALOGUE: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "telemetry.yaml").read_text(encoding="utf-8"))
OURS = {name for part in ("metrics", "page") for metric in CATALOGUE[part] for name in metric["prometheus"]}
OF_SERVERS = {name for server in CATALOGUE["servers"] for name in server["prometheus"]}
RULES = [
    rule
    for path in FILES
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
READ = {
    query.where: metric_names(query.text)
    for query in [*queries(), *runbook_queries(sources())]
    if query.source.type == "prometheus"
} | {rule.get("alert", rule.get("record")): metric_names(rule["expr"]) for rule in RULES}


@pytest.mark.parametrize("where", READ)
def test_what_is_read_stands_in_the_catalogue(where: str) -> None:
    assert READ[where] - OURS - OF_SERVERS - RECORDED == set()


def test_a_metric_of_a_server_is_catalogued_because_it_is_read() -> None:
    assert OF_SERVERS - set().union(*READ.values()) == set()


def test_there_is_something_to_check() -> None:
    assert "LoanServiceDown" in READ
    assert OURS & set().union(*READ.values())
    assert set() not in [READ[where] for where in READ if "panel" in where and "link" not in where]


def test_no_name_stands_in_two_places() -> None:
    assert not OURS & OF_SERVERS
