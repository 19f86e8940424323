# SPDX-License-Identifier: Apache-2.0
"""Log lines of the service and of Nginx."""

from grafana_foundation_sdk.builders import logs, timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.panels import BAD, BY_LEVEL, Card, coloured, graph, stream, with_limits
from grafana.dashboards.queries import ERROR_LINES, LOG_STREAM, LOGS, READABLE, SERVER_SPANS, lines, logql, or_zero
from grafana.dashboards.rows import Row
from grafana.dashboards.service_red.limits import ERROR_LINES_LIMITS

EDGE = '{service_name="nginx",deployment_environment_name=~"$environment"}'
FAILED_TRACES = links.traces("Failed traces", f"{{{SERVER_SPANS} && status=error}}")


def row() -> Row:
    """List the row's panels."""
    return Row(600, "Logs", [by_level(), errors(), edge(), latest()])


def by_level() -> timeseries.Panel:
    """Draw how much is written, by level."""
    question = "How many lines does the service write, of which level?"
    target = logql(f"sum by (detected_level) (rate({LOG_STREAM}[$__auto]))", "{{detected_level}}")
    card = Card(601, "Log lines by level", question, LOGS, [links.logs("All lines", LOG_STREAM)])
    return coloured(graph(card, units.CountsPerSecond, target), BY_LEVEL)


def errors() -> timeseries.Panel:
    """Draw how many errors are written."""
    question = "How many error lines were written in the last 5 minutes? Above 20 (the red line) the alert fires."
    # What the rule LoanServiceErrorLogs evaluates, so that the graph crosses the line when the rule does.
    expression = or_zero(_last_minutes(ERROR_LINES), _last_minutes(LOG_STREAM))
    card = Card(602, "Error lines", question, LOGS, [links.logs("Error lines", ERROR_LINES), FAILED_TRACES])
    panel = with_limits(graph(card, units.Short, logql(expression, "error lines")), ERROR_LINES_LIMITS)
    return coloured(panel, {"/error/": BAD})


def edge() -> timeseries.Panel:
    """Draw what clients got from Nginx that the service may never have seen."""
    question = "How many requests fail at the edge (Nginx answers 5xx), those that never reached the service included?"
    failed = f"{EDGE} | http_response_status_code>=500"
    expression = or_zero(_rate(failed), _rate(EDGE))
    card = Card(603, "Failed at the edge", question, LOGS, [links.logs("Failed requests at the edge", failed)])
    return graph(card, units.RequestsPerSecond, logql(expression, "5xx at Nginx"))


def latest() -> logs.Panel:
    """Show the lines themselves."""
    question = "What is the service saying right now? Open a line to jump to its trace."
    link = links.logs("All lines", LOG_STREAM)
    return stream(
        Card(604, "Log stream", question, LOGS, [link], width=24, height=10), lines(f"{LOG_STREAM} | {READABLE}")
    )


def _last_minutes(selector: str) -> str:
    return f"sum(count_over_time({selector} [5m]))"


def _rate(selector: str) -> str:
    return f"sum(rate({selector} [$__auto]))"
