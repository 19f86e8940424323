# SPDX-License-Identifier: Apache-2.0
"""Grafana's data sources lead from each signal to the others, and its provider reads the dashboards."""

import itertools
import re
from pathlib import Path
from typing import Any

from grafana.provisioned.files import PROVISIONING, read, sources
from tests.config.dashboards import DASHBOARDS
from tests.config.trees import strings

ROOT = Path(__file__).parents[2]
ADDRESSES = {
    "prometheus": "http://prometheus:9090",
    "loki": "http://loki:3100",
    "tempo": "http://tempo:3200",
    "alertmanager": "http://alertmanager:9093",
}
DATA_SOURCES: dict[str, dict[str, Any]] = {
    entry["uid"]: entry for entry in read(PROVISIONING / "datasources" / "datasources.yaml")["datasources"]
}
PROVIDERS: list[dict[str, Any]] = read(PROVISIONING / "dashboards" / "dashboards.yaml")["providers"]
# A $ that Grafana would take for a variable of its environment.
SINGLE_DOLLAR = re.compile(r"(?<!\$)\$(?!\$)\{?\w+")


def test_data_sources_have_their_uids_and_addresses() -> None:
    assert {uid: entry["url"] for uid, entry in DATA_SOURCES.items()} == ADDRESSES
    assert all(uid == entry["type"] for uid, entry in DATA_SOURCES.items())
    assert all(entry["editable"] is False for entry in DATA_SOURCES.values())
    assert [uid for uid, entry in DATA_SOURCES.items() if entry.get("isDefault")] == ["prometheus"]


def test_every_data_source_that_is_named_exists() -> None:
    named = {value for entry in DATA_SOURCES.values() for value in uids_in(entry)}

    assert {"prometheus", "loki", "tempo"} <= named
    assert named <= set(sources())


def test_every_signal_leads_to_the_others() -> None:
    ways = {(uid, target) for uid, entry in DATA_SOURCES.items() for target in leads_to(entry)}

    assert ways >= {
        ("prometheus", "tempo"),  # exemplar -> trace
        ("tempo", "loki"),  # span -> its lines
        ("loki", "prometheus"),  # line -> its route's metrics
        ("prometheus", "loki"),  # series -> its lines
        ("loki", "tempo"),  # line -> its trace
        ("tempo", "prometheus"),  # span -> its route's metrics
    }


def test_correlations_have_what_grafana_cannot_start_without() -> None:
    correlations = [one for entry in DATA_SOURCES.values() for one in entry.get("correlations", [])]

    assert correlations
    for correlation in correlations:
        assert correlation["label"]
        assert correlation["description"]
        assert correlation["config"]["type"] == "query"


def test_grafana_macros_in_data_sources_are_doubled() -> None:
    for entry in DATA_SOURCES.values():
        assert [text for text in strings(entry) if SINGLE_DOLLAR.search(text)] == []


def test_a_single_dollar_would_be_found() -> None:
    assert SINGLE_DOLLAR.search('{trace_id="${__value.raw}"}')
    assert SINGLE_DOLLAR.search("rate(x{$__tags}[1m])")
    assert not SINGLE_DOLLAR.search("rate(x{$$__tags}[1m])")


def test_each_dashboard_has_a_provider_of_its_own() -> None:
    found = [
        (provider["name"], {path.stem for path in folder_of(provider).glob("**/*.json")}) for provider in PROVIDERS
    ]

    # Two dashboards of one provider are deleted and created again at every restart of Grafana.
    assert sorted(found) == sorted((name, {name}) for name in DASHBOARDS)
    assert {provider["folder"] for provider in PROVIDERS} == {"Loan service"}
    assert {provider["allowUiUpdates"] for provider in PROVIDERS} == {False}


def test_the_alerts_folder_shares_no_word_with_the_dashboards_folder() -> None:
    groups = read(PROVISIONING / "alerting" / "rules.yaml")["groups"]
    words = {word for provider in PROVIDERS for word in provider["folder"].lower().split()}

    assert [group["folder"] for group in groups if words & set(group["folder"].lower().split())] == []


def folder_of(provider: dict[str, Any]) -> Path:
    """Give the folder that a provider reads."""
    variable, _, folder = provider["options"]["path"].partition("/")
    assert variable == "$GF_PATHS_PROVISIONING"
    return PROVISIONING / str(folder)


def test_runbook_pages_that_a_dashboard_links_to_exist() -> None:
    urls = [url for dashboard in DASHBOARDS.values() for url in strings(dashboard) if "/runbooks/" in url]

    assert urls
    for url in urls:
        assert (ROOT / "docs" / "runbooks" / url.rpartition("/")[2]).is_file()


def uids_in(thing: object) -> set[str]:
    """Collect every reference to a data source inside a thing."""
    if isinstance(thing, dict):
        here = {value for key, value in thing.items() if key in {"datasourceUid", "targetUID", "alertmanagerUid"}}
        return here.union(*(uids_in(value) for value in thing.values()))
    return set(itertools.chain.from_iterable(map(uids_in, thing))) if isinstance(thing, list) else set()


def leads_to(entry: dict[str, Any]) -> set[str]:
    """Name the data sources that a person can get to from what this one shows."""
    return uids_in(entry.get("correlations", [])) | uids_in(
        {key: value for key, value in entry["jsonData"].items() if key != "serviceMap"}
    )
