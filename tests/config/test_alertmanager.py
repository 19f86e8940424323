# SPDX-License-Identifier: Apache-2.0
"""Alertmanager's inhibition rules name alerts that exist, and mute none that is as bad as its cause."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.config.rules import FILES

ROOT = Path(__file__).parents[2]
CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "alertmanager" / "alertmanager.yaml").read_text(encoding="utf-8"))
SEVERITIES: dict[str, str] = {
    rule["alert"]: rule["labels"]["severity"]
    for path in FILES
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
# Critical by themselves; they follow from OtelCollectorDown, and from LoanServiceAvailabilityBudgetBurnFast.
PAGED_TWICE = {"OtelCollectorDropping", "LoanRepaymentsBudgetBurnFast"}
each_rule = pytest.mark.parametrize("rule", CONFIG["inhibit_rules"], ids=lambda rule: rule["source_matchers"][0])


def named(matchers: list[str]) -> set[str]:
    """Name the alerts that the matcher on alertname matches; one that matches none is wrong."""
    [(operator, value)] = [match for text in matchers for match in re.findall(r'alertname (=~?) "(.+)"', text)]
    pattern = value if operator == "=~" else re.escape(value)
    found = {name for name in SEVERITIES if re.fullmatch(pattern, name)}
    alternatives = pattern.count("|") + 1
    assert len(found) >= alternatives, (value, found)
    return found


@each_rule
def test_an_inhibition_names_alerts_that_exist(rule: dict[str, Any]) -> None:
    assert not named(rule["source_matchers"]) & named(rule["target_matchers"])


@each_rule
def test_what_is_muted_is_a_warning(rule: dict[str, Any]) -> None:
    muted = named(rule["target_matchers"])

    assert {name for name in muted if SEVERITIES[name] != "warning"} <= PAGED_TWICE


@pytest.mark.parametrize("matcher", ['alertname = "LoanServiceDwon"', 'alertname =~ "LoanServiceDown|NoSuchAlert"'])
def test_an_alert_that_does_not_exist_is_seen(matcher: str) -> None:
    with pytest.raises(AssertionError):
        named([matcher])


def test_the_heartbeat_mails_nobody_and_every_other_receiver_reports_the_end() -> None:
    receivers = {receiver.pop("name"): receiver for receiver in [dict(one) for one in CONFIG["receivers"]]}

    assert receivers.pop("heartbeat") == {}
    assert set(receivers) == {"lending-mail", "lending-tickets"}
    assert all(mail["send_resolved"] for one in receivers.values() for mail in one["email_configs"])
