# SPDX-License-Identifier: Apache-2.0
"""A row of a dashboard: a heading that can be folded away, and the panels below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.dashboard import Row as Heading
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Panel


@dataclass(frozen=True)
class Row:
    """A heading and its panels, laid out from left to right."""

    id: int
    title: str
    panels: Sequence[Builder[Panel]]


def with_rows(dashboard: Dashboard, rows: Sequence[Row]) -> Dashboard:
    """Append rows to a dashboard."""
    for row in rows:
        dashboard.with_row(Heading(row.title).id(row.id))
        for panel in row.panels:
            dashboard.with_panel(panel)
    return dashboard
