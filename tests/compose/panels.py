# SPDX-License-Identifier: Apache-2.0
"""The queries of a dashboard's panels, as a browser would send them to Grafana."""

from collections.abc import Iterator, Mapping
from typing import Any

from grafana.provisioned.variables import fill_known

EVERYTHING = {"$__all", ""}


def panel_queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each query of a dashboard with its panel's title, variables filled in with everything they allow."""
    values = {one["name"]: _value(one) for one in dashboard.get("templating", {}).get("list", [])}
    panels = dashboard["panels"]
    for panel in [*panels, *(inner for row in panels for inner in row.get("panels", []))]:
        for target in panel.get("targets", []):
            query = _filled({"datasource": panel.get("datasource"), **target}, values)
            yield panel.get("title", ""), {"maxDataPoints": 500, "intervalMs": 5000, **query}


def may_be_empty(query: dict[str, Any]) -> bool:
    """Return whether a query looks for failures, of which a healthy stack has none."""
    return "status=error" in query.get("query", "")


def _filled(part: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401  # whatever JSON holds
    if isinstance(part, dict):
        return {key: _filled(value, values) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values) for value in part]
    return fill_known(part, values) if isinstance(part, str) else part


def _value(variable: dict[str, Any]) -> str:
    if variable["type"] == "datasource":
        return str(variable["query"])  # data sources are called as their type
    current = (variable.get("current") or {}).get("value", "")
    chosen = current[0] if isinstance(current, list) and current else current
    return variable.get("allValue") or ".*" if chosen in EVERYTHING else str(chosen)
