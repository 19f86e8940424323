# SPDX-License-Identifier: Apache-2.0
"""The database as the service sees it."""

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.panels import Card, graph
from grafana.dashboards.queries import DATABASE, DURATION, METRICS, SERVICE, SPANS, promql, quantile, rate, share
from grafana.dashboards.rows import Row

WIDTH = 6
OPERATION = "db_operation_name"
CLICKED = "${__field.labels.db_operation_name:percentencode}"
STATEMENTS = f"{SPANS} && kind=client"
OF_ONE = [links.traces("Traces with this operation", f'{{{STATEMENTS} && span.db.operation.name="{CLICKED}"}}')]
SLOW = links.traces("Slow statements", f"{{{STATEMENTS} && duration>100ms}}")
FAILED = links.traces("Failed statements", f"{{{STATEMENTS} && status=error}}")


def row() -> Row:
    """List the row's panels."""
    return Row(500, "Database", [operations(), duration(), time_share(), errors()])


def operations() -> timeseries.Panel:
    """Draw the database's operations per second."""
    question = "How many statements of each kind does the service send?"
    target = promql(rate(f"{DATABASE}_count", SERVICE, OPERATION), f"{{{{{OPERATION}}}}}")
    card = Card(501, "Database operations", question, METRICS, [SLOW], WIDTH)
    return graph(card, units.OpsPerSecond, target, data_links=OF_ONE)


def duration() -> timeseries.Panel:
    """Draw how long statements take."""
    question = "Within what time are 95 % of the statements of each kind done?"
    target = promql(quantile(0.95, DATABASE, SERVICE, OPERATION), f"{{{{{OPERATION}}}}}")
    card = Card(502, "Database duration, p95", question, METRICS, [SLOW], WIDTH)
    return graph(card, units.Seconds, target, data_links=OF_ONE)


def time_share() -> timeseries.Panel:
    """Draw how much of a request is spent waiting for the database."""
    question = "What share of the requests' time is spent in the database? If high, look there first."
    expression = f"{rate(f'{DATABASE}_sum', SERVICE)} / ({rate(f'{DURATION}_sum', SERVICE)} > 0)"
    card = Card(503, "Time in the database", question, METRICS, [SLOW], WIDTH)
    return graph(card, units.PercentUnit, promql(expression, "of the request time"))


def errors() -> timeseries.Panel:
    """Draw how many statements fail."""
    question = "What share of the statements fails? A flat 0 is healthy, a gap means no statements."
    count = f"{DATABASE}_count"
    expression = share(rate(count, f'{SERVICE},error_type!=""'), rate(count, SERVICE))
    card = Card(504, "Failed operations", question, METRICS, [FAILED], WIDTH)
    return graph(card, units.PercentUnit, promql(expression, "failed"))
