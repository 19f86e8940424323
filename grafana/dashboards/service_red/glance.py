# SPDX-License-Identifier: Apache-2.0
"""First row: six numbers that show whether there is a problem."""

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.panels import Card, number
from grafana.dashboards.queries import (
    DURATION,
    ERROR_LINES,
    LOGS,
    METRICS,
    ROUTED,
    SERVER_SPANS,
    SERVICE,
    logql_now,
    or_zero,
    promql_now,
    share,
)
from grafana.dashboards.rows import Row
from grafana.dashboards.service_red.limits import BUSY, ERRORS, SLOW_SECONDS

WIDTH, HEIGHT = 4, 4


def row() -> Row:
    """List the row's panels."""
    return Row(100, "At a glance", [requests(), errors(), duration(), workers(), threads(), error_lines()])


def requests() -> stat.Panel:
    """Show the requests per second."""
    question = "How many requests per second were there in the chosen time?"
    link = links.logs("Request lines", f'{{{SERVICE}}} | event="http_request" | http_route=~"$route"')
    card = Card(101, "Rate", question, METRICS, [link], WIDTH, HEIGHT)
    return number(card, units.RequestsPerSecond, promql_now(_total(f"{DURATION}_count", ROUTED), "requests"))


def errors() -> stat.Panel:
    """Show how much of it failed."""
    question = (
        "What share of requests failed (5xx) in the chosen time? 0 is a measured zero; no value means no requests."
    )
    link = links.traces("Failed traces", f"{{{SERVER_SPANS} && status=error}}")
    card = Card(102, "Errors", question, METRICS, [link], WIDTH, HEIGHT)
    failed = _total(f"{DURATION}_count", f'{ROUTED},http_response_status_code=~"5.."')
    expression = share(failed, _total(f"{DURATION}_count", ROUTED))
    return number(card, units.PercentUnit, promql_now(expression, "5xx"), ERRORS)


def duration() -> stat.Panel:
    """Show how long the slowest twentieth takes."""
    question = "Within what time were 95 % of requests answered in the chosen time?"
    link = links.traces("Slow traces", f"{{{SERVER_SPANS} && duration>250ms}}")
    card = Card(103, "p95", question, METRICS, [link], WIDTH, HEIGHT)
    buckets = f"sum by (le) (rate({DURATION}_bucket{{{ROUTED}}}[$__range]))"
    return number(card, units.Seconds, promql_now(f"histogram_quantile(0.95, {buckets})", "p95"), SLOW_SECONDS)


def workers() -> stat.Panel:
    """Show how many workers answer."""
    question = "How many worker processes answer Prometheus now?"
    link = links.metrics("Each worker", 'loan_service_worker_up{job="loan-service"}')
    card = Card(104, "Workers", question, METRICS, [link], WIDTH, HEIGHT)
    return number(card, units.Short, promql_now('sum(loan_service_worker_up{job="loan-service"})', "workers"))


def threads() -> stat.Panel:
    """Show how much room is left."""
    question = "What share of the threads is busy with a request now? At 100 % the next request waits."
    link = links.traces("What keeps them busy", f"{{{SERVER_SPANS} && duration>250ms}}")
    card = Card(105, "Busy", question, METRICS, [link], WIDTH, HEIGHT)
    expression = f"sum(http_server_active_requests{{{SERVICE}}}) / sum(loan_service_threads_limit{{{SERVICE}}})"
    return number(card, units.PercentUnit, promql_now(expression, "busy"), BUSY)


def error_lines() -> stat.Panel:
    """Show how much the service complains."""
    question = "How many error lines did the service write in the chosen time?"
    card = Card(106, "Logged", question, LOGS, [links.logs("Error lines", ERROR_LINES)], WIDTH, HEIGHT)
    counted = f"sum(count_over_time({ERROR_LINES} [$__range]))"
    everything = f"sum(count_over_time({{{SERVICE}}}[$__range]))"
    return number(card, units.Short, logql_now(or_zero(counted, everything), "errors"))


def _total(metric: str, selector: str) -> str:
    return f"sum(rate({metric}{{{selector}}}[$__range]))"
