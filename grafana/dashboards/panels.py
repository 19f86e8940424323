# SPDX-License-Identifier: Apache-2.0
"""One visual language: a factory for each kind of panel; colours other than the palette's mean a state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    common,
    heatmap,
    logs,
    loki,
    nodegraph,
    prometheus,
    stat,
    statetimeline,
    table,
    tempo,
    timeseries,
)
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode, HeatmapColorScale

GOOD, WARNING, BAD = "green", "orange", "red"
NEUTRAL = "blue"  # what is neither good nor bad: a redirect, a line of level info
BY_STATUS = {"/^2/": GOOD, "/^3/": NEUTRAL, "/^4/": WARNING, "/^5/": BAD}
BY_LEVEL = {"/error|critical|fatal/": BAD, "/warn/": WARNING, "/info/": NEUTRAL, "/debug|trace|unknown/": "text"}
# A flat zero is drawn up to 10000 % otherwise.
WHOLE = 1.0
# A legend on the right needs a panel of at least half the dashboard's width: it takes a third of it.
WIDE = 12
UP_AND_DOWN = ValueMap({"0": ValueMappingResult("down", BAD), "1": ValueMappingResult("up", GOOD)})

REFERENCES = "ABCDEF"
# Where a flat zero would otherwise be drawn on an axis of Grafana's own choice; other units: 1.
SOFT_MAXIMUM = {units.Seconds: 0.1, units.BytesIEC: 1 << 20}
TRACE_COLUMNS = {"Trace ID": 150, "Start time": 170, "Duration": 100}

Target = prometheus.Dataquery | loki.Dataquery | tempo.Dataquery
Panel = TypeVar(
    "Panel",
    timeseries.Panel,
    stat.Panel,
    heatmap.Panel,
    logs.Panel,
    nodegraph.Panel,
    table.Panel,
    statetimeline.Panel,
)


@dataclass(frozen=True)
class Card:
    """What a panel shows besides its data; the id stays for ever, links and alerts point to it."""

    id: int
    title: str
    question: str
    source: DataSourceRef
    links: Sequence[DashboardLink]
    width: int = 8
    height: int = 8


def graph(card: Card, unit: str, *targets: Target, data_links: Sequence[DashboardLink] = ()) -> timeseries.Panel:
    """Draw lines over time; wide graphs list the largest values on the right, narrow ones only the names below."""
    panel = _present(timeseries.Panel(), card, targets).unit(unit).min(0).fill_opacity(10).line_width(1)
    panel = panel.max(WHOLE) if unit == units.PercentUnit else panel.axis_soft_max(SOFT_MAXIMUM.get(unit, 1))
    return (
        panel.show_points(kinds.VisibilityMode.NEVER)
        .legend(_table_on_the_right() if card.width >= WIDE else _legend(kinds.LegendDisplayMode.LIST))
        .tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
        .data_links(list(data_links))
    )


def with_limits(panel: timeseries.Panel, limits: tuple[float, float]) -> timeseries.Panel:
    """Draw where a warning begins and where it is bad, as dashed lines."""
    style = common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(_state(limits)).thresholds_style(style)


def number(card: Card, unit: str, target: Target, limits: tuple[float, float] | None = None) -> stat.Panel:
    """Show one number; with limits it turns orange at the first and red at the second."""
    panel = _present(stat.Panel(), card, [target]).unit(unit)
    panel = panel.graph_mode(kinds.BigValueGraphMode.NONE).color_mode(kinds.BigValueColorMode.VALUE)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return panel.thresholds(_state(limits)) if limits else panel.color_scheme(_fixed("text"))


def heat(card: Card, unit: str, target: Target) -> heatmap.Panel:
    """Show how values are distributed over time; the unit belongs to the axis, the cells are counts."""
    panel = _present(heatmap.Panel(), card, [target]).unit(units.Short).y_axis(heatmap.YAxisConfig().unit(unit))
    panel = panel.cell_values(heatmap.CellValues().unit(units.Short))
    colours = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Blues").steps(64)
    colours = colours.scale(HeatmapColorScale.EXPONENTIAL).exponent(0.5).fill("blue")  # rare slow ones stay visible
    panel = panel.color(colours).show_value(kinds.VisibilityMode.NEVER)
    return panel.show_legend().tooltip(heatmap.HeatmapTooltip().mode(kinds.TooltipDisplayMode.SINGLE))


def states(card: Card, target: Target) -> statetimeline.Panel:
    """Show when something was up and when it was down."""
    panel = _present(statetimeline.Panel(), card, [target]).unit("none").mappings([UP_AND_DOWN])
    return panel.show_value(kinds.VisibilityMode.NEVER).legend(_legend(kinds.LegendDisplayMode.LIST))


def stream(card: Card, target: Target) -> logs.Panel:
    """Show log lines, newest first; the fields of a line open at a click."""
    panel = _present(logs.Panel(), card, [target]).show_time(show_time=True).enable_log_details(enable_log_details=True)
    return panel.sort_order(kinds.LogsSortOrder.DESCENDING)


def trace_table(card: Card, target: Target) -> table.Panel:
    """List traces, the longest first; the column they are sorted by fits beside the others at 1600 px."""
    longest_first = common.TableSortByFieldState().display_name("Duration").desc(desc=True)
    panel = _present(table.Panel(), card, [target]).sort_by([longest_first])
    panel.override_by_name("Service", [DynamicConfigValue("custom.hidden", value=True)])  # always the same
    for column, width in TRACE_COLUMNS.items():
        panel.override_by_name(column, [DynamicConfigValue("custom.width", width)])
    return panel


def map_of_services(card: Card, target: Target) -> nodegraph.Panel:
    """Draw who calls whom."""
    return _present(nodegraph.Panel(), card, [target])


def coloured(panel: timeseries.Panel, colours: dict[str, str]) -> timeseries.Panel:
    """Give the series whose names match a pattern the colour of their state."""
    for pattern, colour in colours.items():
        panel.override_by_regexp(pattern, [DynamicConfigValue("color", _fixed(colour).build())])
    return panel


def _present(panel: Panel, card: Card, targets: Sequence[Target]) -> Panel:
    for target, reference in zip(targets, REFERENCES, strict=False):
        panel.with_target(target.ref_id(reference))
    panel.id(card.id).title(card.title).description(card.question).datasource(card.source)
    panel.overrides([])  # Grafana expects the field's settings, though there be none
    return panel.span(card.width).height(card.height).links(list(card.links))


def _legend(mode: kinds.LegendDisplayMode) -> common.VizLegendOptions:
    return common.VizLegendOptions().display_mode(mode).placement(kinds.LegendPlacement.BOTTOM).show_legend(True)


def _table_on_the_right() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().display_mode(kinds.LegendDisplayMode.TABLE).show_legend(True)
    legend = legend.placement(kinds.LegendPlacement.RIGHT).calcs(["max", "lastNotNull"])
    return legend.sort_by("Max").sort_desc(sort_desc=True)


def _state(limits: tuple[float, float]) -> ThresholdsConfig:
    steps = [Threshold(None, GOOD), Threshold(limits[0], WARNING), Threshold(limits[1], BAD)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _fixed(colour: str) -> FieldColor:
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(colour)
