# SPDX-License-Identifier: Apache-2.0
"""Service (RED): what clients of the loan service experience, and where to look when it is not good."""

from grafana_foundation_sdk.builders.dashboard import CustomVariable, Dashboard
from grafana_foundation_sdk.models.dashboard import VariableOption

from grafana.dashboards import links
from grafana.dashboards.frame import choice, environments, framed
from grafana.dashboards.queries import DURATION, LOG_STREAM, SERVER_SPANS
from grafana.dashboards.rows import with_rows
from grafana.dashboards.service_red import database, glance, logs, pipeline, saturation, traces, traffic, workers

UID = "loan-service-red"


def service_red() -> Dashboard:
    """Build the dashboard."""
    question = "What do clients of the loan service experience, and where does it come from?"
    dashboard = framed("Service (RED)", UID, question, "red", "now-30m")
    rows = (glance, traffic, workers, saturation, database, logs, traces, pipeline)
    return with_rows(_with_links(_with_variables(dashboard)), [row.row() for row in rows])


def _with_variables(dashboard: Dashboard) -> Dashboard:
    count = f"{DURATION}_count"
    routes = (
        f'label_values({count}{{service_name="loan-service",deployment_environment_name=~"$environment"}}, http_route)'
    )
    thresholds = CustomVariable("slower_than").label("Traces slower than").values("250ms,500ms,1s,2s")
    thresholds.current(VariableOption(text="250ms", value="250ms"))
    dashboard = dashboard.with_variable(environments(count)).with_variable(choice("route", "Route", routes))
    return dashboard.with_variable(thresholds)


def _with_links(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.link(links.logs("Logs in Explore", LOG_STREAM))
        .link(links.traces("Traces in Explore", f"{{{SERVER_SPANS}}}"))
        .link(links.page("Alerts", "/alerting/list"))
        .link(links.page("Runbook: service down", "http://localhost:80/runbooks/LoanServiceDown.md"))
        .link(links.page("Runbook: error logs", "http://localhost:80/runbooks/LoanServiceErrorLogs.md"))
    )
