# SPDX-License-Identifier: Apache-2.0
"""The smoke test runs every query of a dashboard, with its variables filled in."""

import re

import pytest

from tests.compose.panels import panel_queries
from tests.config.dashboards import DASHBOARDS

DASHBOARD = {
    "templating": {
        "list": [
            {"name": "datasource", "type": "datasource", "query": "prometheus"},
            {"name": "route", "type": "query", "current": {"value": ["$__all"]}},
            {"name": "job", "type": "query", "current": {"value": "$__all"}, "allValue": "lending/.+"},
            {"name": "rate", "type": "custom", "current": {"value": "5m"}},
            {"name": "slower_than", "type": "custom", "current": {"value": "250ms"}},
        ]
    },
    "panels": [
        {
            "title": "Requests",
            "datasource": {"uid": "${datasource}"},
            "targets": [{"refId": "A", "expr": 'rate(x{route=~"$route",job=~"${job:regex}"}[$rate])'}],
        },
        {"type": "row", "panels": [{"title": "Logs", "targets": [{"refId": "A", "datasource": {"uid": "loki"}}]}]},
        {"title": "A note", "type": "text"},
    ],
}


def test_variables_are_filled_with_everything_they_allow() -> None:
    _, query = next(panel_queries(DASHBOARD))

    assert query["expr"] == 'rate(x{route=~".*",job=~"lending/.+"}[5m])'
    assert query["datasource"] == {"uid": "prometheus"}


def test_panels_in_rows_are_asked_and_panels_without_a_query_are_not() -> None:
    assert [title for title, _ in panel_queries(DASHBOARD)] == ["Requests", "Logs"]


def test_what_grafana_fills_in_itself_is_left_to_it() -> None:
    panels = [{"title": "Rate", "targets": [{"expr": "rate(x[$__rate_interval])"}]}]

    assert next(panel_queries({"panels": panels}))[1]["expr"] == "rate(x[$__rate_interval])"


def test_a_brace_of_the_query_is_no_part_of_a_variable() -> None:
    panels = [{"title": "Traces", "targets": [{"query": '{resource.a="b" && duration>$slower_than}'}]}]

    _, query = next(panel_queries({**DASHBOARD, "panels": panels}))

    assert query["query"] == '{resource.a="b" && duration>250ms}'


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_query_of_a_provisioned_dashboard_keeps_a_variable_of_the_dashboard_or_loses_a_brace(name: str) -> None:
    dashboard = DASHBOARDS[name]
    names = "|".join(one["name"] for one in dashboard["templating"]["list"])

    for title, query in panel_queries(dashboard):
        text = str(query.get("expr") or query.get("query"))
        assert not re.search(rf"\$\{{?({names})\b", text), title
        assert text.count("{") == text.count("}"), title
