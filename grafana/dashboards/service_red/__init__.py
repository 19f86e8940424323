# SPDX-License-Identifier: Apache-2.0
"""Service (RED): what clients of the loan service experience, and where to look when it is not good."""

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    CustomVariable,
    Dashboard,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, VariableOption, VariableRefresh, VariableSort

from grafana.dashboards import links
from grafana.dashboards.queries import DURATION, LOG_STREAM, METRICS, SERVER_SPANS
from grafana.dashboards.rows import with_rows
from grafana.dashboards.service_red import database, glance, logs, pipeline, saturation, traces, traffic, workers

UID = "loan-service-red"


def service_red() -> Dashboard:
    """Build the dashboard."""
    dashboard = (
        Dashboard("Service (RED)")
        .uid(UID)
        .description("What do clients of the loan service experience, and where does it come from?")
        .tags(["loan-service", "red"])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time("now-30m", "now")
        .refresh("10s")
        .timezone("browser")
    )
    rows = (glance, traffic, workers, saturation, database, logs, traces, pipeline)
    return with_rows(_with_links(_with_annotations(_with_variables(dashboard))), [row.row() for row in rows])


def _with_variables(dashboard: Dashboard) -> Dashboard:
    for name, label, kind in (
        ("datasource", "Metrics", "prometheus"),
        ("log_datasource", "Logs", "loki"),
        ("trace_datasource", "Traces", "tempo"),
    ):
        dashboard.with_variable(DatasourceVariable(name).label(label).type(kind).regex(""))
    count = f"{DURATION}_count"
    environments = f'label_values({count}{{service_name="loan-service"}}, deployment_environment_name)'
    routes = (
        f'label_values({count}{{service_name="loan-service",deployment_environment_name=~"$environment"}}, http_route)'
    )
    thresholds = CustomVariable("slower_than").label("Traces slower than").values("0s,10ms,100ms,500ms,1s")
    thresholds.current(VariableOption(text="0s", value="0s"))
    return (
        dashboard.with_variable(_choice("environment", "Environment", environments))
        .with_variable(_choice("route", "Route", routes))
        .with_variable(thresholds)
    )


def _choice(name: str, label: str, query: str) -> QueryVariable:
    # .+ rather than the list of values: it follows new routes, and a series without the label is not part of "all".
    variable = QueryVariable(name).label(label).datasource(METRICS).query(query)
    variable.include_all(include_all=True).all_value(".+").current(VariableOption(text="All", value="$__all"))
    return variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)


def _with_annotations(dashboard: Dashboard) -> Dashboard:
    service = 'target_info{job="lending/loan-service"}'
    release = f"count by (service_version) ({service}) unless count by (service_version) ({service} offset 1m)"
    alerts = _annotation("Alerts", "red", 'ALERTS{alertstate="firing",team="lending"}', "{{alertname}}")
    releases = _annotation("Releases", "blue", release, "version {{service_version}}")
    return dashboard.annotation(alerts).annotation(releases)


def _annotation(name: str, colour: str, expression: str, title: str) -> AnnotationQuery:
    query = AnnotationQuery().name(name).datasource(METRICS).enable(enable=True).icon_color(colour)
    return query.expr(expression).title_format(title).step("15s")


def _with_links(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.link(links.logs("Logs in Explore", LOG_STREAM))
        .link(links.traces("Traces in Explore", f"{{{SERVER_SPANS}}}"))
        .link(links.page("Alerts", "/alerting/list"))
        .link(links.page("Runbook: service down", "http://localhost:80/runbooks/LoanServiceDown.md"))
        .link(links.page("Runbook: error logs", "http://localhost:80/runbooks/LoanServiceErrorLogs.md"))
    )
