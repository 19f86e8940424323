# SPDX-License-Identifier: Apache-2.0
"""What all dashboards share: how they present themselves, their sources, what they mark in time."""

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, VariableOption, VariableRefresh, VariableSort

from grafana.dashboards import links
from grafana.dashboards.queries import METRICS


def framed(title: str, uid: str, question: str, tag: str, since: str) -> Dashboard:
    """Begin a dashboard that answers a question, with its sources, alerts and releases."""
    dashboard = Dashboard(title).uid(uid).description(question).tags(["loan-service", tag]).readonly()
    dashboard = dashboard.tooltip(DashboardCursorSync.CROSSHAIR).time(since, "now").refresh("30s").timezone("browser")
    return _with_annotations(_with_sources(dashboard)).link(links.dashboards())


def choice(name: str, label: str, query: str) -> QueryVariable:
    """Let one value of a label be chosen, or all."""
    # .+ rather than the list of values: it follows new routes, and a series without the label is not part of "all".
    variable = QueryVariable(name).label(label).datasource(METRICS).query(query)
    variable.include_all(include_all=True).all_value(".+").current(VariableOption(text="All", value="$__all"))
    return variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)


def environments(metric: str) -> QueryVariable:
    """Let the environment be chosen among those that a metric comes from."""
    query = f'label_values({metric}{{service_name="loan-service"}}, deployment_environment_name)'
    return choice("environment", "Environment", query)


def _with_sources(dashboard: Dashboard) -> Dashboard:
    for name, label, kind in (
        ("datasource", "Metrics", "prometheus"),
        ("log_datasource", "Logs", "loki"),
        ("trace_datasource", "Traces", "tempo"),
    ):
        dashboard.with_variable(DatasourceVariable(name).label(label).type(kind).regex(""))
    return dashboard


def _with_annotations(dashboard: Dashboard) -> Dashboard:
    service = 'target_info{job="lending/loan-service"}'
    release = f"count by (service_version) ({service}) unless count by (service_version) ({service} offset 1m)"
    alerts = _annotation("Alerts", "red", 'ALERTS{alertstate="firing",team="lending"}', "{{alertname}}")
    releases = _annotation("Releases", "blue", release, "version {{service_version}}")
    return dashboard.annotation(alerts).annotation(releases)


def _annotation(name: str, colour: str, expression: str, title: str) -> AnnotationQuery:
    query = AnnotationQuery().name(name).datasource(METRICS).enable(enable=True).icon_color(colour)
    return query.expr(expression).title_format(title).step("15s")
