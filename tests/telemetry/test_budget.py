# SPDX-License-Identifier: Apache-2.0
"""What telemetry may weigh: docs/telemetry.yaml publishes a budget, and a real server stays within it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import empty
from tests.telemetry.weighed import Weight, series_of_workers, weigh

ROOT = Path(__file__).parents[2]
CATALOGUE: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "telemetry.yaml").read_text(encoding="utf-8"))
BUDGET: dict[str, dict[str, Any]] = {row["name"]: row for row in CATALOGUE["budget"]}
HERE = {name: row for name, row in BUDGET.items() if row["test"] == "tests/telemetry/test_budget.py"}


@pytest.fixture(scope="module", params=["standard", "light"])
def weight(migrated: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Weight:
    empty(migrated)
    return weigh(tmp_path_factory.mktemp(request.param), migrated, request.param)


def test_telemetry_weighs_no_more_than_its_budget_and_no_less_than_a_third_of_it(weight: Weight) -> None:
    print(f"{weight.requests} requests, {weight.spans} spans")  # noqa: T201  # the figures are the result
    for name, figure in weight.figures.items():
        print(f"{name}: {figure:,.0f} of {HERE[name]['at_most']:,}")  # noqa: T201  # the result

    assert weight.figures.keys() == HERE.keys()
    assert {
        name: f for name, f in weight.figures.items() if not HERE[name]["at_most"] / 3 < f <= HERE[name]["at_most"]
    } == {}


def test_the_measured_figures_are_what_is_measured(weight: Weight) -> None:
    # How full a batch is, and how many exemplars an export has, depends on what else the machine does.
    wrong = {name: figure for name, figure in weight.figures.items() if abs(figure / HERE[name]["measured"] - 1) > 0.5}

    assert wrong == {}


def test_every_row_of_the_budget_names_a_test_that_is_there() -> None:
    for row in BUDGET.values():
        assert "BUDGET" in (ROOT / row["test"]).read_text(encoding="utf-8")
        assert row["at_most"] / 3 < row["measured"] <= row["at_most"]


def test_series_are_counted_for_each_worker() -> None:
    page = 'a{worker="0"} 1\na{worker="1"} 1\nb{worker="1",le="+Inf"} 1\nc 1\n'

    assert series_of_workers(page) == {"0": 1, "1": 2}
