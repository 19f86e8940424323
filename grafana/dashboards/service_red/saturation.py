# SPDX-License-Identifier: Apache-2.0
"""What is full: threads, database connections."""

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.panels import Card, graph
from grafana.dashboards.queries import METRICS, SERVER_SPANS, SERVICE, SPANS, promql
from grafana.dashboards.rows import Row

POOL = "db_client_connection"
SLOW_STATEMENTS = links.traces("Slow statements", f"{{{SPANS} && kind=client && duration>100ms}}")


def row() -> Row:
    """List the row's panels."""
    return Row(400, "Saturation", [threads(), pool(), connections()])


def threads() -> timeseries.Panel:
    """Draw busy threads against all threads."""
    question = "How many threads are busy, of how many? When the lines meet, requests wait for a thread."
    targets = [
        promql(f"sum(http_server_active_requests{{{SERVICE}}})", "busy"),
        promql(f"sum(loan_service_threads_limit{{{SERVICE}}})", "all"),
    ]
    link = links.traces("What keeps them busy", f"{{{SERVER_SPANS} && duration>250ms}}")
    return graph(Card(401, "Threads", question, METRICS, [link]), units.Short, *targets)


def pool() -> timeseries.Panel:
    """Draw used connections against the pool's size, worker by worker."""
    question = "How full is each worker's connection pool? At 100 % requests wait for a connection, then fail."
    used = f'sum by (instance) ({POOL}_count{{{SERVICE},{POOL}_state="used"}})'
    target = promql(f"{used} / sum by (instance) ({POOL}_max{{{SERVICE}}})", "{{instance}}")
    return graph(Card(402, "Connection pool used", question, METRICS, [SLOW_STATEMENTS]), units.PercentUnit, target)


def connections() -> timeseries.Panel:
    """Draw PostgreSQL's connections against its limit."""
    question = "How many connections does PostgreSQL have, in what state, and how many does it allow?"
    targets = [
        promql("sum by (state) (pg_stat_activity_count)", "{{state}}"),
        promql("max(pg_settings_max_connections)", "allowed"),
    ]
    return graph(Card(403, "PostgreSQL connections", question, METRICS, [SLOW_STATEMENTS]), units.Short, *targets)
