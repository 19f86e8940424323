# SPDX-License-Identifier: Apache-2.0
"""Links out of a panel: a query of another signal in Explore, or a page."""

import json
import re
from urllib.parse import quote

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from grafana.dashboards.queries import LOGS, METRICS, TRACES

VARIABLE = re.compile(r"(\$\{[^}]+\})")
# A value inserted into a URL has to be encoded like the rest of it.
CHOSEN = {"$environment": "${environment:percentencode}", "$route": "${route:percentencode}"}
CLICKED_ROUTE = "${__field.labels.http_route:percentencode}"


def page(title: str, url: str) -> DashboardLink:
    """Link to a page, opened beside the dashboard."""
    return DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(target_blank=True)


def dashboards() -> DashboardLink:
    """List the other dashboards; they open with the same time and the same environment."""
    listed = DashboardLink("Dashboards").type(DashboardLinkType.DASHBOARDS).tags(["loan-service"])
    return listed.as_dropdown(as_dropdown=True).include_vars(include_vars=True).keep_time(keep_time=True)


def logs(title: str, logql: str) -> DashboardLink:
    """Link to a LogQL query in Explore."""
    return _explore(title, LOGS, {"expr": logql, "queryType": "range"})


def metrics(title: str, promql: str) -> DashboardLink:
    """Link to a PromQL query in Explore."""
    return _explore(title, METRICS, {"expr": promql, "range": True, "exemplar": True})


def traces(title: str, traceql: str) -> DashboardLink:
    """Link to a TraceQL search in Explore."""
    return _explore(title, TRACES, {"query": traceql, "queryType": "traceql", "tableType": "traces", "limit": 200})


def _explore(title: str, source: DataSourceRef, query: dict[str, object]) -> DashboardLink:
    reference = {"type": source.type_val, "uid": source.uid}
    panes = {
        "a": {
            "datasource": source.uid,
            "queries": [{"refId": "A", "datasource": reference, **query}],
            "range": {"from": "${__from}", "to": "${__to}"},
        }
    }
    return page(title, f"/explore?schemaVersion=1&orgId=1&panes={_encode(json.dumps(panes, separators=(',', ':')))}")


def _encode(text: str) -> str:
    """Percent-encode everything but the variables, which Grafana fills in first."""
    for plain, encoding in CHOSEN.items():
        text = text.replace(plain, encoding)
    return "".join(part if VARIABLE.fullmatch(part) else quote(part, safe="") for part in VARIABLE.split(text))
