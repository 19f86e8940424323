# SPDX-License-Identifier: Apache-2.0
"""The smoke test asks for every query of a dashboard, with its variables filled in."""

from tests.compose.panels import panel_queries

DASHBOARD = {
    "templating": {
        "list": [
            {"name": "datasource", "type": "datasource", "query": "prometheus"},
            {"name": "route", "type": "query", "current": {"value": ["$__all"]}},
            {"name": "job", "type": "query", "current": {"value": "$__all"}, "allValue": "lending/.+"},
            {"name": "rate", "type": "custom", "current": {"value": "5m"}},
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
