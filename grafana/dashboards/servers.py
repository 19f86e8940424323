# SPDX-License-Identifier: Apache-2.0
"""Panels of the servers' own metrics: PostgreSQL, Nginx and the servers that observe."""

from grafana_foundation_sdk.builders import timeseries

from grafana.dashboards import links
from grafana.dashboards.panels import WIDE, Card, graph
from grafana.dashboards.queries import METRICS, promql

Series = tuple[str, str]


def plot(number: int, title: str, question: str, unit: str, *series: Series) -> timeseries.Panel:
    """Draw series, each an expression and its legend; the panel's link opens the first one in Explore."""
    card = Card(number, title, question, METRICS, [links.metrics("In Explore", series[0][0])], WIDE)
    return graph(card, unit, *(promql(expression, legend) for expression, legend in series))
