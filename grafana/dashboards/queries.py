# SPDX-License-Identifier: Apache-2.0
"""Queries for the three data sources, the selectors they share, and a zero that means zero."""

from grafana_foundation_sdk.builders import loki, prometheus, tempo
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.tempo import MetricsQueryType, SearchTableType

METRICS = DataSourceRef(type_val="prometheus", uid="${datasource}")
LOGS = DataSourceRef(type_val="loki", uid="${log_datasource}")
TRACES = DataSourceRef(type_val="tempo", uid="${trace_datasource}")

# The same keys in all three signals, so that a choice on the dashboard means the same everywhere.
SERVICE = 'service_name="loan-service",deployment_environment_name=~"$environment"'
ROUTED = f'{SERVICE},http_route=~"$route"'
LOG_STREAM = f"{{{SERVICE}}}"
ERROR_LINES = f'{LOG_STREAM} | detected_level=~"error|critical|fatal"'
SPANS = 'resource.service.name="loan-service" && resource.deployment.environment.name=~"$environment"'
SERVER_SPANS = f'{SPANS} && kind=server && span.http.route=~"$route"'

# What an engineer reads of a request line; its other fields open at a click.
READABLE = (
    'json | line_format "{{.event}} {{.http_request_method}} {{.http_route}} {{.http_response_status_code}}'
    ' {{.http_server_request_duration}} {{.trace_id}}"'
)

DURATION = "http_server_request_duration_seconds"
DATABASE = "db_client_operation_duration_seconds"


def promql(expression: str, legend: str) -> prometheus.Dataquery:
    """Query Prometheus for a graph."""
    return prometheus.Dataquery().datasource(METRICS).expr(expression).legend_format(legend).range()


def promql_now(expression: str, legend: str) -> prometheus.Dataquery:
    """Query Prometheus for one number per series."""
    return prometheus.Dataquery().datasource(METRICS).expr(expression).legend_format(legend).instant()


def promql_buckets(expression: str) -> prometheus.Dataquery:
    """Query Prometheus for a histogram's buckets; without exemplars, whose dots cover the cells."""
    return promql(expression, "{{le}}").format(PromQueryFormat.HEATMAP)


def logql(expression: str, legend: str) -> loki.Dataquery:
    """Query Loki for a graph counted from lines."""
    return lines(expression).legend_format(legend)


def logql_now(expression: str, legend: str) -> loki.Dataquery:
    """Query Loki for one number per series."""
    return loki.Dataquery().datasource(LOGS).expr(expression).legend_format(legend).query_type("instant")


def lines(expression: str) -> loki.Dataquery:
    """Query Loki for the lines themselves."""
    return loki.Dataquery().datasource(LOGS).expr(expression).query_type("range")


def traces(traceql: str, limit: int = 200) -> tempo.Dataquery:
    """Query Tempo for a table of traces."""
    search = tempo.Dataquery().datasource(TRACES).query_type("traceql").query(traceql)
    return search.table_type(SearchTableType.TRACES).limit(limit)


def traceql_metrics(traceql: str) -> tempo.Dataquery:
    """Query Tempo for a graph computed from spans."""
    return traces(traceql).metrics_query_type(MetricsQueryType.RANGE)


def service_graph() -> tempo.Dataquery:
    """Query Tempo's service graph."""
    return tempo.Dataquery().datasource(TRACES).query_type("serviceMap").service_map_query("")


def rate(metric: str, selector: str, by: str = "") -> str:
    """Sum a counter's rate over all workers, kept apart by a label if one is given."""
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({metric}{{{selector}}}[$__rate_interval]))"


def or_zero(part: str, whole: str) -> str:
    """Read a missing part as 0 as long as there is a whole, and as missing when there is none."""
    return f"{part} or 0 * {whole}"


def share(part: str, whole: str) -> str:
    """Divide; no part is an honest 0, no whole is a gap."""
    return f"({or_zero(part, whole)}) / ({whole} > 0)"


def quantile(fraction: float, metric: str, selector: str, by: str = "") -> str:
    """Estimate a quantile from a histogram's buckets."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({fraction}, {rate(f'{metric}_bucket', selector, labels)})"
