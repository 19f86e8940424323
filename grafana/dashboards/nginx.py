# SPDX-License-Identifier: Apache-2.0
"""Nginx: what clients get at the reverse proxy, requests that never reach the service included."""

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.frame import framed
from grafana.dashboards.panels import BY_STATUS, WIDE, Card, coloured, graph, stream
from grafana.dashboards.queries import LOGS, lines, logql, rate
from grafana.dashboards.rows import Row, with_rows
from grafana.dashboards.servers import plot

UID = "loan-nginx"
LINES = '{service_name="nginx"}'
ACCESS = f'{LINES} | event="nginx_request"'
ALL_LINES = links.logs("Nginx's lines", LINES)
READABLE = (
    'json | line_format "{{.event}} {{.http_request_method}} {{.url_path}} {{.http_response_status_code}}'
    ' {{.http_server_request_duration}} s {{.trace_id}}"'
)


def nginx() -> Dashboard:
    """Build the dashboard."""
    question = "What do clients get at the reverse proxy, requests that never reach the service included?"
    return with_rows(framed("Nginx", UID, question, "nginx", "now-30m"), [_traffic(), _lines()])


def _traffic() -> Row:
    panels = [
        plot(
            101,
            "Requests",
            "How many requests does Nginx take?",
            units.RequestsPerSecond,
            (rate("nginx_http_requests_total", 'job="nginx"'), "requests"),
        ),
        _statuses(),
        plot(
            103,
            "Connections",
            "What do the open connections do: wait for a request, read one, or write an answer?",
            units.Short,
            ("sum(nginx_connections_waiting)", "waiting"),
            ("sum(nginx_connections_reading)", "reading"),
            ("sum(nginx_connections_writing)", "writing"),
        ),
        plot(
            104,
            "Connections refused",
            "How many connections does Nginx accept and not handle, because its limit is reached? A flat 0 is healthy.",
            units.CountsPerSecond,
            (
                f"{rate('nginx_connections_accepted', '')} - {rate('nginx_connections_handled', '')}",
                "not handled",
            ),
        ),
    ]
    return Row(100, "Traffic", panels)


def _statuses() -> timeseries.Panel:
    question = "With which status codes does Nginx answer?"
    target = logql(f"sum by (http_response_status_code) (rate({ACCESS} [$__auto]))", "{{http_response_status_code}}")
    return coloured(
        graph(Card(102, "Status codes", question, LOGS, [ALL_LINES], WIDE), units.RequestsPerSecond, target), BY_STATUS
    )


def _lines() -> Row:
    question = "What does Nginx say right now? Open a line to jump to its trace."
    card = Card(201, "Log lines", question, LOGS, [ALL_LINES], width=24, height=10)
    return Row(200, "Log lines", [stream(card, lines(f"{LINES} | {READABLE}"))])
