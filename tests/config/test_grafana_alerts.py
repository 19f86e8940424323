# SPDX-License-Identifier: Apache-2.0
"""Every alert leads to a runbook, a dashboard and a person, and none is raised twice."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.provisioned.alerts import rules
from grafana.provisioned.files import PROVISIONING, read
from tests.config.dashboards import DASHBOARDS, LINKS
from tests.config.rules import FILES
from tests.config.trees import strings

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
ALERTING = {path.name: read(path) for path in sorted((PROVISIONING / "alerting").glob("*.yaml"))}
GRAFANA_RULES = [rule for document in ALERTING.values() for rule in rules(document)]
PROMETHEUS_RULES = [
    rule
    for path in FILES
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
]
# What Prometheus cannot say of itself; every other alert on metrics is Prometheus' own.
OF_THE_ALERTING_PATH = {"PrometheusWatchdogMissing", "AlertmanagerDown"}

each_grafana_rule = pytest.mark.parametrize("rule", GRAFANA_RULES, ids=lambda rule: rule["title"])


def test_there_are_alerts_of_both_kinds() -> None:
    assert GRAFANA_RULES
    assert PROMETHEUS_RULES


@each_grafana_rule
def test_a_grafana_rule_asks_for_logs_or_for_the_alerting_path(rule: dict[str, Any]) -> None:
    [asked] = {step["datasourceUid"] for step in rule["data"]} - {"__expr__"}
    source = "prometheus" if rule["title"] in OF_THE_ALERTING_PATH else "loki"

    assert asked == source
    assert rule["condition"] in {step["refId"] for step in rule["data"]}
    assert [step["refId"] for step in rule["data"]] == [step["model"]["refId"] for step in rule["data"]]
    assert rule["noDataState"] == {"loki": "OK", "prometheus": "Alerting"}[source]


def test_a_prometheus_that_does_not_answer_is_an_alert() -> None:
    [rule] = [rule for rule in GRAFANA_RULES if rule["title"] == "PrometheusWatchdogMissing"]

    assert (rule["noDataState"], rule["execErrState"]) == ("Alerting", "Alerting")
    assert 'alertname="Watchdog"' in rule["data"][0]["model"]["expr"]


@each_grafana_rule
def test_a_grafana_rule_has_no_dollar(rule: dict[str, Any]) -> None:
    assert [text for text in strings(rule) if "$" in text] == []


@each_grafana_rule
def test_a_grafana_rule_leads_to_its_panel(rule: dict[str, Any]) -> None:
    uid, panel = rule["dashboardUid"], rule["panelId"]
    annotations = rule["annotations"]
    [dashboard] = [dashboard for dashboard in DASHBOARDS.values() if dashboard["uid"] == uid]

    assert panel in {one["id"] for one in dashboard["panels"] if one["type"] != "row"}
    assert (annotations["__dashboardUid__"], annotations["__panelId__"]) == (uid, str(panel))


@pytest.mark.parametrize(
    "rule", [*GRAFANA_RULES, *PROMETHEUS_RULES], ids=lambda rule: rule.get("alert", rule.get("title"))
)
def test_an_alert_leads_to_its_runbook_and_dashboard(rule: dict[str, Any]) -> None:
    name = rule.get("alert", rule.get("title"))
    annotations = rule["annotations"]

    assert annotations["summary"]
    assert annotations["description"]
    assert annotations["runbook_url"] == f"http://localhost:80/runbooks/{name}.md"
    assert annotations["dashboard_url"] in LINKS
    severity, team = rule["labels"]["severity"], rule["labels"]["team"]
    assert (severity, team) in {("critical", "lending"), ("warning", "lending"), ("none", "none")}


def test_only_the_watchdog_has_nobody_who_acts() -> None:
    assert [rule["alert"] for rule in PROMETHEUS_RULES if rule["labels"]["severity"] == "none"] == ["Watchdog"]


@pytest.mark.parametrize("name", [rule.get("alert", rule.get("title")) for rule in [*GRAFANA_RULES, *PROMETHEUS_RULES]])
def test_an_alert_has_a_runbook_in_four_parts(name: str) -> None:
    page = (ROOT / "docs" / "runbooks" / f"{name}.md").read_text(encoding="utf-8")
    parts = re.findall(r"^## (Meaning|Impact|Diagnosis|Mitigation)\b", page, re.MULTILINE)

    assert page.startswith(f"# {name}\n")
    assert parts == ["Meaning", "Impact", "Diagnosis", "Mitigation"]


def test_no_alert_is_raised_twice() -> None:
    grafana, prometheus = {rule["title"] for rule in GRAFANA_RULES}, {rule["alert"] for rule in PROMETHEUS_RULES}

    assert grafana & prometheus == set()


def test_every_policy_ends_at_a_contact_point() -> None:
    points = {point["name"] for document in ALERTING.values() for point in document.get("contactPoints", [])}
    policies = [policy for document in ALERTING.values() for policy in document.get("policies", [])]

    assert len(policies) == 1
    assert receivers(policies[0]) <= points


def test_mail_goes_to_the_address_of_the_environment_and_reports_the_end() -> None:
    [point] = ALERTING["contact-points.yaml"]["contactPoints"]
    [receiver] = point["receivers"]

    assert receiver["settings"]["addresses"] == "$ALERT_EMAIL"
    assert receiver["disableResolveMessage"] is False


def receivers(policy: dict[str, Any]) -> set[str]:
    """Name the contact points of a policy and those below it."""
    return {policy["receiver"]}.union(*(receivers(route) for route in policy.get("routes", [])))


def test_the_list_of_runbooks_has_each_alert_once_with_its_severity() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|", (RUNBOOKS / "README.md").read_text(), re.MULTILINE)
    alerts = [
        (rule.get("alert", rule.get("title")), rule["labels"]["severity"])
        for rule in [*GRAFANA_RULES, *PROMETHEUS_RULES]
    ]

    assert rows == sorted(alerts)
    assert {name for name, _ in rows} == {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
