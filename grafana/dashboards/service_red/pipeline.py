# SPDX-License-Identifier: Apache-2.0
"""Whether these graphs can be trusted: the health of the telemetry itself."""

from grafana_foundation_sdk.builders import prometheus, statetimeline, timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.panels import Card, graph, states
from grafana.dashboards.queries import DURATION, LOG_STREAM, METRICS, SERVICE, or_zero, promql, rate
from grafana.dashboards.rows import Row

SIGNALS = {"metric_points": "metrics", "log_records": "logs", "spans": "traces"}
DETAILS = links.metrics("The collector's counters", '{__name__=~"otelcol_(receiver|exporter)_.*_total"}')


def row() -> Row:
    """List the row's panels."""
    panels = [servers_up(), age(), arriving(), queues(), failing(), dropped(), refused(), spans_lost(), memory()]
    return Row(800, "Telemetry health", panels)


def servers_up() -> statetimeline.Panel:
    """Show which server was away."""
    question = "Which part of the stack was away, and when?"
    link = links.metrics("Targets", "up")
    return states(Card(801, "Servers up", question, METRICS, [link]), promql("max by (job) (up)", "{{job}}"))


def age() -> timeseries.Panel:
    """Draw how old the newest measurement is."""
    question = "How old is the service's newest measurement? A rising line means that these graphs lag behind."
    expression = f"time() - max(timestamp({DURATION}_count{{{SERVICE}}}))"
    link = links.logs("Newest lines", LOG_STREAM)
    return graph(
        Card(802, "Age of the newest metrics", question, METRICS, [link]), units.Seconds, promql(expression, "age")
    )


def arriving() -> timeseries.Panel:
    """Draw how much telemetry arrives."""
    question = "How much telemetry reaches the collector, of each signal?"
    targets = [promql(_rate(f"otelcol_receiver_accepted_{unit}_total"), name) for unit, name in SIGNALS.items()]
    return graph(Card(803, "Telemetry received", question, METRICS, [DETAILS]), units.CountsPerSecond, *targets)


def queues() -> timeseries.Panel:
    """Draw how much waits in the collector."""
    question = "How full are the collector's queues? A rising line means that the server behind it is away or slow."
    expression = "max by (exporter) (otelcol_exporter_queue_size / otelcol_exporter_queue_capacity)"
    card = Card(804, "Collector queues", question, METRICS, [DETAILS])
    return graph(card, units.PercentUnit, promql(expression, "{{exporter}}"))


def failing() -> timeseries.Panel:
    """Draw failed deliveries."""
    question = "Does the collector fail to deliver for good? A flat 0 is healthy: retries are not counted."
    return _of_sent(Card(805, "Deliveries failed", question, METRICS, [DETAILS]), "send_failed")


def dropped() -> timeseries.Panel:
    """Draw what a full queue dropped."""
    question = "Does the collector drop anything because a queue is full? A flat 0 is healthy."
    return _of_sent(Card(806, "Dropped at the queue", question, METRICS, [DETAILS]), "enqueue_failed")


def refused() -> timeseries.Panel:
    """Draw what the collector did not take."""
    question = "Does the collector refuse anything because its memory is short? A flat 0 is healthy."
    targets = [promql(_rate(f"otelcol_receiver_refused_{unit}_total"), name) for unit, name in SIGNALS.items()]
    return graph(Card(807, "Refused by the collector", question, METRICS, [DETAILS]), units.CountsPerSecond, *targets)


def spans_lost() -> timeseries.Panel:
    """Draw what the service itself could not hand over."""
    question = "Does the service lose spans before they reach the collector? A flat 0 is healthy, a gap means no spans."
    targets = [
        _failed("otel_sdk_processor_span_processed_total", "queue full"),
        _failed("otel_sdk_exporter_span_exported_total", "not taken by the collector"),
    ]
    link = links.logs("What the service complains of", f'{LOG_STREAM} | detected_level=~"warn|error"')
    return graph(Card(809, "Spans lost in the service", question, METRICS, [link]), units.CountsPerSecond, *targets)


def memory() -> timeseries.Panel:
    """Draw what the observers themselves need."""
    question = "How much memory do the observers themselves need?"
    targets = [
        promql('max by (job) (process_resident_memory_bytes{job=~"prometheus|loki|tempo|alertmanager"})', "{{job}}"),
        promql("max by (job) (otelcol_process_memory_rss_bytes)", "{{job}}"),
    ]
    link = links.metrics("Memory", "process_resident_memory_bytes")
    return graph(Card(808, "Memory of the observers", question, METRICS, [link]), units.BytesIEC, *targets)


def _of_sent(card: Card, what: str) -> timeseries.Panel:
    """Compare with what was sent: these counters are born with their first failure."""
    targets = [
        promql(
            or_zero(_rate(f"otelcol_exporter_{what}_{unit}_total"), _rate(f"otelcol_exporter_sent_{unit}_total")), name
        )
        for unit, name in SIGNALS.items()
    ]
    return graph(card, units.CountsPerSecond, *targets)


def _failed(metric: str, name: str) -> prometheus.Dataquery:
    return promql(or_zero(rate(metric, f'{SERVICE},error_type!=""'), rate(metric, SERVICE)), name)


def _rate(metric: str) -> str:
    return f"sum(rate({metric}[$__rate_interval]))"
