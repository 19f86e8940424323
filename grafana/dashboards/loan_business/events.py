# SPDX-License-Identifier: Apache-2.0
"""The facts themselves, one line each."""

from grafana_foundation_sdk.builders import logs, timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.loan_business.selectors import EVENT_LINES, READABLE, hourly
from grafana.dashboards.panels import Card, graph, stream
from grafana.dashboards.queries import LOGS, METRICS, SERVICE, lines, logql, promql
from grafana.dashboards.rows import Row

WIDTH = 12
ALL = links.logs("All business events", EVENT_LINES)


def row() -> Row:
    """List the row's panels."""
    return Row(600, "Events", [by_event(), borrowers(), latest()])


def by_event() -> timeseries.Panel:
    """Draw what happens, by kind."""
    question = "What happens in the business, and how often?"
    target = logql(f"sum by (event) (rate({EVENT_LINES} [$__auto]))", "{{event}}")
    return graph(Card(601, "Business events", question, LOGS, [ALL], WIDTH), units.EventsPerSecond, target)


def borrowers() -> timeseries.Panel:
    """Draw what is done with personal data."""
    question = "How many borrowers are registered, changed, erased or handed out per hour?"
    expression = hourly("loan_borrower_operations_total", SERVICE, "loan_borrower_operation")
    card = Card(602, "Borrowers per hour", question, METRICS, [ALL], WIDTH)
    return graph(card, units.Short, promql(expression, "{{loan_borrower_operation}}"))


def latest() -> logs.Panel:
    """Show the lines themselves."""
    question = "What has just happened? Open a line to jump to its trace."
    return stream(
        Card(603, "Event stream", question, LOGS, [ALL], width=24, height=10), lines(f"{EVENT_LINES} | {READABLE}")
    )
