# SPDX-License-Identifier: Apache-2.0
"""Where the time went, request by request."""

from grafana_foundation_sdk.builders import nodegraph, table, timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.panels import Card, graph, map_of_services, trace_table
from grafana.dashboards.queries import SERVER_SPANS, SPANS, TRACES, service_graph, traceql_metrics, traces
from grafana.dashboards.rows import Row

SLOW = f"{{{SERVER_SPANS} && duration>$slower_than}}"
FAILED = f"{{{SERVER_SPANS} && status=error}}"


def row() -> Row:
    """List the row's panels."""
    return Row(700, "Traces", [slowest(), failed(), by_span(), graph_of_services()])


def slowest() -> table.Panel:
    """List the slowest of the latest requests."""
    question = (
        "Which requests took longer than the chosen time? At most 200 are listed; open one to see where the time went."
    )
    link = links.traces("Slow traces", f"{{{SERVER_SPANS} && duration>250ms}}")
    return trace_table(Card(701, "Slow traces", question, TRACES, [link], width=12), traces(SLOW))


def failed() -> table.Panel:
    """List the latest failed requests."""
    question = "Which of the latest requests failed (5xx)? Open one to see what failed inside."
    link = links.traces("Failed traces", FAILED)
    return trace_table(Card(702, "Failed traces", question, TRACES, [link], width=12), traces(FAILED))


def by_span() -> timeseries.Panel:
    """Draw which part of the requests is slow."""
    question = "Which step is slow: within what time are 95 % of the spans of each name done?"
    link = links.traces("Slow spans", f"{{{SPANS} && duration>100ms}}")
    target = traceql_metrics(f"{{{SPANS}}} | quantile_over_time(duration, .95) by (name)")
    return graph(Card(703, "Duration by span, p95", question, TRACES, [link], width=12), units.Seconds, target)


def graph_of_services() -> nodegraph.Panel:
    """Draw who calls whom."""
    question = "Who calls whom, how often and how fast?"
    link = links.metrics(
        "Calls", "sum by (client, server) (rate(traces_service_graph_request_total[$__rate_interval]))"
    )
    return map_of_services(Card(704, "Service graph", question, TRACES, [link], width=12), service_graph())
