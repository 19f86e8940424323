# SPDX-License-Identifier: Apache-2.0
"""The worker processes side by side: one that differs from the others is the finding."""

from grafana_foundation_sdk.builders import statetimeline, timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.panels import Card, graph, states
from grafana.dashboards.queries import DURATION, METRICS, ROUTED, SERVICE, SPANS, promql, quantile, rate
from grafana.dashboards.rows import Row

WIDTH = 6
WORKER = "${__field.labels.instance:percentencode}"
OF_ONE = (
    links.logs("Log lines of this worker", f'{{{SERVICE}}} | service_instance_id="{WORKER}"'),
    links.traces("Traces of this worker", f'{{{SPANS} && resource.service.instance.id="{WORKER}"}}'),
)
OF_ALL = links.logs("Log lines of all workers", f"{{{SERVICE}}}")


def row() -> Row:
    """List the row's panels."""
    return Row(300, "Workers", [rate_by_worker(), duration_by_worker(), active_by_worker(), up()])


def rate_by_worker() -> timeseries.Panel:
    """Draw how the requests are shared out."""
    question = "Do all workers get their share of the requests?"
    target = promql(rate(f"{DURATION}_count", ROUTED, "instance"), "{{instance}}")
    card = Card(301, "Requests by worker", question, METRICS, [OF_ALL], WIDTH)
    return graph(card, units.RequestsPerSecond, target, data_links=OF_ONE)


def duration_by_worker() -> timeseries.Panel:
    """Draw which worker is slow."""
    question = "Is one worker slower than the others?"
    target = promql(quantile(0.95, DURATION, ROUTED, "instance"), "{{instance}}")
    card = Card(302, "p95 by worker", question, METRICS, [OF_ALL], WIDTH)
    return graph(card, units.Seconds, target, data_links=OF_ONE)


def active_by_worker() -> timeseries.Panel:
    """Draw what each worker is busy with."""
    question = "How many requests does each worker handle at this moment?"
    target = promql(f"sum by (instance) (http_server_active_requests{{{SERVICE}}})", "{{instance}}")
    card = Card(303, "Active by worker", question, METRICS, [OF_ALL], WIDTH)
    return graph(card, units.Short, target, data_links=OF_ONE)


def up() -> statetimeline.Panel:
    """Show when a worker was away."""
    question = "Was any worker away, and when?"
    target = promql('max by (worker) (loan_service_worker_up{job="loan-service"})', "worker {{worker}}")
    return states(Card(304, "Workers up", question, METRICS, [OF_ALL], WIDTH), target)
