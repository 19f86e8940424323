# SPDX-License-Identifier: Apache-2.0
"""Which targets of telemetry's cost are held to be missed, and what the page and its chart show."""

import importlib.util
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.cost import chart, page, targets
from bench.cost.duel import Duel
from bench.cost.hold import Hold
from bench.cost.ideas import IDEAS
from bench.cost.variants import VARIANTS, WITHOUT
from bench.cost.wrk import Load

COUNTS = {
    "bare": {"GET one loan": 10_000},
    "standard": {"GET one loan": 20_000},
    "standard_pings": {"GET one loan": 23_000},
}
SVG = "{http://www.w3.org/2000/svg}"


def duel(variant: str = "standard", ratio: float = 1.3, p99: float = 3.0, route: str = "GET one loan") -> Duel:
    """Make a duel of two equal rounds."""
    return Duel(variant, route, [ratio] * 2, [1.0], [(Load(100, 1.5, p99), Load(100, 1.0, 2.0))])


def held(variant: str = "standard", milliseconds: float = 0.9) -> Hold:
    """Make a hold of one round."""
    return Hold(variant, [1.2], [1.0 + milliseconds], [0.2], [milliseconds])


def results() -> page.Results:
    """Make what a run gives."""
    return page.Results([duel(), duel("stock", 2.5)], COUNTS, [held("bare", 0.1), held()], "1 round of 4 s.")


def test_targets_that_are_missed_are_reported() -> None:
    default = duel("stock", 2.0, 90.0)
    assert targets.missed([duel(), default], [held(), held("bare", 5.0)]) == []
    assert targets.missed([duel(ratio=1.7), default], []) == []
    assert targets.missed([duel(ratio=1.71), default], []) == ["standard, GET one loan: 1.71 x bare, at most 1.70"]
    assert targets.missed([duel("light", ratio=1.16)], []) == ["light, GET one loan: 1.16 x bare, at most 1.15"]
    plain = duel("light", ratio=1.31, route="no database")
    assert targets.missed([plain], []) == ["light, no database: 1.31 x bare, at most 1.30"]
    assert targets.missed([duel(p99=4.2), default], []) == ["standard, GET one loan: p99 2.1 x bare"]
    assert targets.missed([], [held("standard", 2.99), held("light", 1.01)]) == [
        "light: holds a request for 1.01 ms, at most 1"
    ]
    assert targets.missed([], [held("standard", 3.01)]) == ["standard: holds a request for 3.01 ms, at most 3"]


def test_the_limit_of_standard_follows_from_default_on_the_same_route() -> None:
    duels = [duel("stock", 2.0), duel("stock", 3.0, route="no database")]

    assert targets.limits(duels)["standard"] == pytest.approx({"GET one loan": 1.7, "no database": 2.55})


def test_between_the_bounds_is_half_of_the_rounds() -> None:
    assert Duel("light", "GET one loan", [9.0, 1.0, 1.1, 1.2, 0.1]).middle == (1.0, 1.2)


def test_a_hold_is_the_median_of_its_rounds() -> None:
    assert Hold("light", slowest=[0.4, 9.0, 0.5]).milliseconds == 0.5


def test_the_page_shows_figures_beside_their_targets(tmp_path: Path) -> None:
    page.write(results(), tmp_path)

    text = (tmp_path / "cost.md").read_text()
    title = VARIANTS["standard"].title
    assert f"| {title} | GET one loan | 1.30 (1.30 to 1.30) | 2.12 | 1.00 |" in text
    assert f"| {title} | GET one loan | 1.50 | 1.00 | 3.0 | 2.0 | 1.5 |" in text
    assert f"| {title} | 1.20 | 1.90 | 0.20 | 0.90 (0.90 to 0.90) |" in text
    assert f"| {title} | GET one loan | 20 | 2.00 |" in text
    assert "| no spans of the pool's pings | GET one loan | 3 | 30% |" in text
    assert "Every target was met in this run." in text
    assert "](cost.svg)" in text


def test_the_page_lists_what_was_missed() -> None:
    missed = page.Results([duel(ratio=1.8), duel("stock", 2.0)], COUNTS, [held()], "1 round of 4 s.")

    assert "Missed in this run: standard, GET one loan: 1.80 x bare, at most 1.70." in page.lines(missed)


def test_a_bar_is_as_long_as_its_ratio_and_its_target_is_marked() -> None:
    duels = [duel(ratio=1.3), duel("stock", 2.6)]
    drawn = ET.fromstring(chart.svg(duels, targets.limits(duels)))  # noqa: S314  # our own

    bars = [bar for bar in drawn.iter(f"{SVG}rect") if bar.get("fill") != chart.TARGET]
    marks = [bar for bar in drawn.iter(f"{SVG}rect") if bar.get("fill") == chart.TARGET]
    assert [int(bar.attrib["width"]) for bar in bars] == [1.3 * chart.ONE, 2.6 * chart.ONE]
    assert [int(mark.attrib["x"]) + 1 for mark in marks] == [chart.LEFT + round(0.85 * 2.6 * chart.ONE)]
    assert [text.text for text in drawn.iter(f"{SVG}text")] == ["GET one loan", "standard", "1.30", "stock", "2.60"]


@pytest.mark.parametrize("rounds", ["1", "-2", "many"])
def test_rounds_whose_spread_cannot_be_computed_are_refused(rounds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["cost", f"--rounds={rounds}"])

    assert "argument --rounds: at least 2" in capsys.readouterr().err


def test_every_idea_has_a_variant_without_it() -> None:
    assert [idea.without for idea in IDEAS] == list(WITHOUT)
    assert not WITHOUT.keys() & VARIANTS.keys()
    for name in WITHOUT:
        assert importlib.util.find_spec(f"bench.cost.variants.{name}")
