# SPDX-License-Identifier: Apache-2.0
"""Every dashboard is generated from its source, and every panel's description is one question."""

import itertools
import re
from typing import Any

import pytest

from grafana.provisioned.dashboards import links
from tests.config.dashboards import DASHBOARDS, PANELS, Panel

# Their content has the units: in the lines, in the columns of a trace search, on the graph's nodes.
WITHOUT_UNIT = {"logs", "table", "nodeGraph"}
SOURCES = {"prometheus": "${datasource}", "loki": "${log_datasource}", "tempo": "${trace_datasource}"}
STATE_COLOURS = {"green", "orange", "red"}
GRID_WIDTH = 24

each_panel = pytest.mark.parametrize("panel", PANELS, ids=str)
each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)


def test_there_is_something_to_check() -> None:
    assert set(DASHBOARDS) == {"service-red", "loan-business", "postgresql", "nginx", "observability"}
    assert len(PANELS) > 60


@each_dashboard
def test_a_dashboard_can_be_found_and_not_be_edited(dashboard: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z0-9-]{8,40}", dashboard["uid"])
    assert dashboard["title"]
    assert dashboard["description"].endswith("?")
    assert dashboard["editable"] is False
    assert dashboard["schemaVersion"] == 42  # file provisioning refuses schema v2
    assert not {"id", "version"} & set(dashboard)


@each_dashboard
def test_panels_have_ids_of_their_own_that_stay(dashboard: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in everything_on(dashboard)]

    assert len(ids) == len(set(ids))


@each_dashboard
def test_panels_do_not_overlap(dashboard: dict[str, Any]) -> None:
    for one, other in itertools.combinations(everything_on(dashboard), 2):
        assert not overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    for panel in everything_on(dashboard):
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= GRID_WIDTH


@pytest.mark.parametrize(
    ("name", "choices"), [("service-red", ["environment", "route"]), ("loan-business", ["environment", "currency"])]
)
def test_the_variables_choose_sources_environment_and_a_part(name: str, choices: list[str]) -> None:
    dashboard = DASHBOARDS[name]
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}

    assert {SOURCES[variable["query"]] for variable in variables.values() if variable["type"] == "datasource"} == set(
        SOURCES.values()
    )
    for choice in choices:
        assert variables[choice]["includeAll"]
        assert variables[choice]["allValue"] == ".+"


@each_panel
def test_a_panel_has_the_question_it_answers(panel: Panel) -> None:
    assert panel.json["title"]
    assert re.match(r"[A-Z][^?]+\?( |$)", panel.json["description"]), panel.json["description"]


@each_panel
def test_a_panel_has_a_unit(panel: Panel) -> None:
    if panel.json["type"] not in WITHOUT_UNIT:
        assert panel.json["fieldConfig"]["defaults"]["unit"]


@each_panel
def test_a_panel_asks_the_chosen_data_source(panel: Panel) -> None:
    references = [panel.json["datasource"], *(target["datasource"] for target in panel.json["targets"])]

    for reference in references:
        assert reference["uid"] == SOURCES[reference["type"]]


@each_panel
def test_a_panel_names_its_series(panel: Panel) -> None:
    names = [target["refId"] for target in panel.json["targets"]]
    assert names == sorted(set(names))
    assert names
    for target in panel.json["targets"]:
        if target["datasource"]["type"] != "tempo" and panel.json["type"] != "logs":
            assert target["legendFormat"] not in {"", "__auto"}


@each_panel
def test_a_graph_shows_legend_and_all_values_and_starts_at_zero(panel: Panel) -> None:
    if panel.json["type"] == "timeseries":
        assert panel.json["options"]["legend"]["showLegend"]
        legend = panel.json["options"]["legend"]
        # Two thirds for the graph: a table of values only beside a wide graph, and only two columns.
        wide = panel.json["gridPos"]["w"] >= GRID_WIDTH / 2
        assert (legend["placement"], legend["displayMode"]) == (("right", "table") if wide else ("bottom", "list"))
        assert len(legend["calcs"]) <= 2
        assert panel.json["options"]["tooltip"]["mode"] == "multi"
        assert panel.json["fieldConfig"]["defaults"]["min"] == 0


@each_panel
def test_a_rate_follows_the_resolution_of_the_graph(panel: Panel) -> None:
    for target in panel.json["targets"]:
        expression = target.get("expr", "")
        windows = set(re.findall(r"\[([^\]]+)\]", expression))
        loki = target["datasource"]["type"] == "loki"
        allowed = {"$__auto", "$__range"} if loki else {"$__rate_interval", "$__range"}
        # An extrapolation to an hour needs minutes, and a graph of an alert its rule's window.
        allowed |= {"5m"} if "3600 *" in expression or "count_over_time" in expression else set()
        assert windows <= allowed, expression
        assert not re.search(r"(?<!rate\()(?<!increase\()\b\w+_total\b", expression), expression


@each_panel
def test_a_panel_leads_somewhere(panel: Panel) -> None:
    assert links(panel.json)
    for link in links(panel.json):
        assert link["title"]
        assert link["targetBlank"]


@each_panel
def test_a_title_fits_beside_the_icons_at_1600_pixels(panel: Panel) -> None:
    # Read off a picture of Grafana 12.4 in the layout of 13, the menu open: a column has 49 px, a header's icons and
    # padding take 140 px, a letter 7 px.
    assert len(panel.json["title"]) <= (panel.json["gridPos"]["w"] * 49 - 140) / 7, panel.json["title"]


@each_panel
def test_a_flat_zero_is_drawn_on_an_axis_that_suits_the_unit(panel: Panel) -> None:
    if panel.json["type"] == "timeseries":
        defaults = panel.json["fieldConfig"]["defaults"]
        if defaults["unit"] == "percentunit":
            assert (defaults["min"], defaults["max"]) == (0, 1)
        else:
            assert defaults["custom"]["axisSoftMax"] > 0


@each_panel
def test_a_number_has_one_value(panel: Panel) -> None:
    if panel.json["type"] == "stat":
        [target] = panel.json["targets"]
        # The outermost operator aggregates everything away.
        assert " by (" not in target["expr"].partition("(")[0], target["expr"]
        assert "{{" not in target["legendFormat"]


@each_panel
def test_exemplars_are_few(panel: Panel) -> None:
    with_exemplars = [target for target in panel.json["targets"] if target.get("exemplar")]

    assert len(with_exemplars) <= 1
    assert panel.json["type"] != "heatmap" or not with_exemplars


@each_panel
def test_log_lines_are_readable(panel: Panel) -> None:
    if panel.json["type"] == "logs":
        assert all("| line_format " in target["expr"] for target in panel.json["targets"])


@each_panel
def test_the_cells_of_a_heatmap_are_counts(panel: Panel) -> None:
    if panel.json["type"] == "heatmap":
        assert panel.json["fieldConfig"]["defaults"]["unit"] == "short"
        assert panel.json["options"]["yAxis"]["unit"] == "s"


@each_panel
def test_values_that_a_link_inserts_are_encoded(panel: Panel) -> None:
    for link in links(panel.json):
        inserted = set(re.findall(r"\$\{([^}]+)\}", link["url"])) - {"__from", "__to"}
        plain = {name for name in inserted if not name.endswith(":percentencode")}
        assert {f"${{{name}}}" for name in plain} <= set(SOURCES.values()), link["url"]


@each_panel
def test_green_orange_and_red_mean_a_state(panel: Panel) -> None:
    defaults = panel.json["fieldConfig"]["defaults"]
    steps = [step["color"] for step in defaults.get("thresholds", {}).get("steps", [])]
    fixed = defaults.get("color", {}).get("fixedColor")

    assert steps in ([], ["green", "orange", "red"])
    assert fixed not in STATE_COLOURS


def test_overlapping_panels_would_be_found() -> None:
    left, right = {"x": 0, "y": 0, "w": 8, "h": 8}, {"x": 7, "y": 7, "w": 8, "h": 8}

    assert overlap(left, right)
    assert not overlap(left, right | {"x": 8})


def everything_on(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for top in dashboard["panels"] for panel in (top, *top.get("panels", []))]


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not beside and not below
