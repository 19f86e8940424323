# SPDX-License-Identifier: Apache-2.0
"""The queries of a dashboard's panels, as a browser would send them to Grafana."""

import json
import re
from collections.abc import Iterator
from typing import Any

VARIABLE = re.compile(r"\$\{?(\w+)(?::\w+)?\}?")
EVERYTHING = {"$__all", ""}


def panel_queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each query of a dashboard with its panel's title, variables filled in with everything they allow."""
    values = {one["name"]: _value(one) for one in dashboard.get("templating", {}).get("list", [])}
    panels = dashboard["panels"]
    for panel in [*panels, *(inner for row in panels for inner in row.get("panels", []))]:
        for target in panel.get("targets", []):
            query = {"datasource": panel.get("datasource"), **target}
            text = VARIABLE.sub(lambda match: values.get(match[1], match[0]), json.dumps(query))
            yield panel.get("title", ""), {"maxDataPoints": 500, "intervalMs": 5000, **json.loads(text)}


def may_be_empty(query: dict[str, Any]) -> bool:
    """Tell whether a query looks for failures, of which a healthy stack has none."""
    return "status=error" in query.get("query", "")


def _value(variable: dict[str, Any]) -> str:
    if variable["type"] == "datasource":
        return str(variable["query"])  # data sources are called as their type
    current = (variable.get("current") or {}).get("value", "")
    chosen = current[0] if isinstance(current, list) and current else current
    return variable.get("allValue") or ".*" if chosen in EVERYTHING else str(chosen)
