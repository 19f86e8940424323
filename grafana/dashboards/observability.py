# SPDX-License-Identifier: Apache-2.0
"""Observability servers: whether Prometheus, Loki, Tempo and Alertmanager are well."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import units

from grafana.dashboards.frame import framed
from grafana.dashboards.queries import rate
from grafana.dashboards.rows import Row, with_rows
from grafana.dashboards.servers import plot

UID = "loan-observability"
SERVERS = 'job=~"prometheus|loki|tempo|alertmanager"'


def observability() -> Dashboard:
    """Build the dashboard."""
    question = "Are Prometheus, Loki, Tempo and Alertmanager well?"
    dashboard = framed("Observability servers", UID, question, "observability", "now-1h")
    return with_rows(dashboard, [_all(), _prometheus(), _loki_and_tempo(), _alertmanager()])


def _all() -> Row:
    panels = [
        plot(
            101,
            "Memory",
            "How much memory does each server need? A line that only rises ends at its limit.",
            units.BytesIEC,
            (f"max by (job) (process_resident_memory_bytes{{{SERVERS}}})", "{{job}}"),
        ),
        plot(
            102,
            "Processor time",
            "How many processors does each server keep busy?",
            units.Short,
            (rate("process_cpu_seconds_total", SERVERS, "job"), "{{job}}"),
        ),
    ]
    return Row(100, "All servers", panels)


def _prometheus() -> Row:
    panels = [
        plot(
            201,
            "Series",
            "How many series does Prometheus hold in memory? A jump means a label with too many values.",
            units.Short,
            ("sum(prometheus_tsdb_head_series)", "series"),
        ),
        plot(
            202,
            "Failed rules",
            "Do rules fail to be evaluated? A flat 0 is healthy; a rule that fails cannot alert.",
            units.CountsPerSecond,
            (rate("prometheus_rule_evaluation_failures_total", ""), "failed evaluations"),
        ),
        plot(
            203,
            "Scrape duration",
            "How long does it take to scrape each target?",
            units.Seconds,
            ("max by (job) (scrape_duration_seconds)", "{{job}}"),
        ),
        plot(
            204,
            "Alerts not sent",
            "Does Prometheus fail to hand alerts to Alertmanager? A flat 0 is healthy.",
            units.CountsPerSecond,
            (rate("prometheus_notifications_dropped_total", ""), "dropped"),
            (rate("prometheus_notifications_errors_total", ""), "failed"),
        ),
    ]
    return Row(200, "Prometheus", panels)


def _loki_and_tempo() -> Row:
    panels = [
        plot(
            301,
            "Lines received",
            "How many log lines does Loki receive?",
            units.CountsPerSecond,
            (rate("loki_distributor_lines_received_total", ""), "lines"),
        ),
        plot(
            302,
            "Spans received",
            "How many spans does Tempo receive, and how many does it discard?",
            units.CountsPerSecond,
            (rate("tempo_distributor_spans_received_total", ""), "received"),
            (rate("tempo_discarded_spans_total", ""), "discarded"),
        ),
    ]
    return Row(300, "Loki and Tempo", panels)


def _alertmanager() -> Row:
    panels = [
        plot(
            401,
            "Notifications",
            "How many notifications does Alertmanager send, and how many fail?",
            units.CountsPerSecond,
            (rate("alertmanager_notifications_total", 'integration="email"'), "mail"),
            (rate("alertmanager_notifications_failed_total", 'integration="email"'), "mail that failed"),
        ),
        plot(
            402,
            "Alerts",
            "How many alerts does Alertmanager hold, active and suppressed?",
            units.Short,
            ("sum by (state) (alertmanager_alerts)", "{{state}}"),
        ),
    ]
    return Row(400, "Alertmanager", panels)
