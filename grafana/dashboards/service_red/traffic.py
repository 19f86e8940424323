# SPDX-License-Identifier: Apache-2.0
"""Rate, errors, duration: total and per route."""

from grafana_foundation_sdk.builders import heatmap, timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.panels import BY_STATUS, WIDE, Card, coloured, graph, heat, with_limits
from grafana.dashboards.queries import (
    DURATION,
    METRICS,
    ROUTED,
    SERVER_SPANS,
    SERVICE,
    SPANS,
    or_zero,
    promql,
    promql_buckets,
    quantile,
    rate,
    share,
)
from grafana.dashboards.rows import Row
from grafana.dashboards.service_red.limits import SLOW_SECONDS

COUNT = f"{DURATION}_count"
REQUEST_LINES = f'{{{SERVICE}}} | event="http_request"'
SLOW_TRACES = links.traces("Slow traces", f"{{{SERVER_SPANS} && duration>250ms}}")
CLICKED_TRACES = links.traces(
    "Traces of this route", f'{{{SPANS} && kind=server && span.http.route="{links.CLICKED_ROUTE}"}}'
)
CLICKED_LOGS = links.logs("Log lines of this route", f'{REQUEST_LINES} | http_route="{links.CLICKED_ROUTE}"')


def row() -> Row:
    """List the row's panels."""
    panels = [rate_by_route(), errors_by_route(), duration(), statuses(), duration_by_route(), distribution()]
    return Row(200, "Rate, errors, duration", panels)


def rate_by_route() -> timeseries.Panel:
    """Draw the requests per second of each route."""
    question = "How many requests does each route get? Requests that match no route are one line of their own."
    link = links.logs("Request lines", f'{REQUEST_LINES} | http_route=~"$route"')
    unmatched = or_zero(rate(COUNT, f'{SERVICE},http_route=""'), rate(COUNT, SERVICE))
    targets = [promql(rate(COUNT, ROUTED, "http_route"), "{{http_route}}"), promql(unmatched, "no route")]
    card = Card(201, "Requests by route", question, METRICS, [link], WIDE)
    return graph(card, units.RequestsPerSecond, *targets, data_links=[CLICKED_LOGS, CLICKED_TRACES])


def errors_by_route() -> timeseries.Panel:
    """Draw how much of each route fails."""
    question = "What share of each route's requests fails (5xx)? A flat 0 is healthy, a gap means no requests."
    link = links.traces("Failed traces", f"{{{SERVER_SPANS} && status=error}}")
    failed = f'{ROUTED},http_response_status_code=~"5.."'
    by_route = share(rate(COUNT, failed, "http_route"), rate(COUNT, ROUTED, "http_route"))
    total = share(rate(COUNT, failed), rate(COUNT, ROUTED))
    card = Card(202, "Failed requests by route", question, METRICS, [link], WIDE)
    targets = [promql(by_route, "{{http_route}}"), promql(total, "all")]
    return graph(card, units.PercentUnit, *targets, data_links=[CLICKED_LOGS, CLICKED_TRACES])


def duration() -> timeseries.Panel:
    """Draw the duration's quantiles, each dot a trace."""
    question = "How long do requests take? Each dot is one measured request: click it to open its trace."
    targets = [
        promql(quantile(fraction, DURATION, ROUTED), name).exemplar(exemplar=name == "p99")
        for fraction, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    ]
    card = Card(203, "Duration", question, METRICS, [SLOW_TRACES], WIDE)
    return with_limits(graph(card, units.Seconds, *targets), SLOW_SECONDS)


def statuses() -> timeseries.Panel:
    """Draw what was answered."""
    question = "With which status codes does the service answer, unmatched requests included?"
    link = links.logs("Lines of 4xx and 5xx", f"{REQUEST_LINES} | http_response_status_code>=400")
    target = promql(rate(COUNT, SERVICE, "http_response_status_code"), "{{http_response_status_code}}")
    panel = graph(Card(204, "Status codes", question, METRICS, [link], WIDE), units.RequestsPerSecond, target)
    return coloured(panel, BY_STATUS)


def duration_by_route() -> timeseries.Panel:
    """Draw which route is slow."""
    question = "Which route is slow: within what time are 95 % of its requests answered?"
    target = promql(quantile(0.95, DURATION, ROUTED, "http_route"), "{{http_route}}")
    card = Card(205, "Duration by route, p95", question, METRICS, [SLOW_TRACES], WIDE)
    return graph(card, units.Seconds, target, data_links=[CLICKED_LOGS, CLICKED_TRACES])


def distribution() -> heatmap.Panel:
    """Show whether there are fast and slow requests side by side."""
    question = "How are durations distributed: one group, or fast and slow ones side by side?"
    target = promql_buckets(f"sum by (le) (increase({DURATION}_bucket{{{ROUTED}}}[$__rate_interval]))")
    card = Card(206, "Distribution of durations", question, METRICS, [SLOW_TRACES], WIDE)
    return heat(card, units.Seconds, target)
