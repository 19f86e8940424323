# SPDX-License-Identifier: Apache-2.0
"""Writes docs/cost.md and its chart: what was measured, beside its targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench import report
from bench.cost import chart, gate, targets
from bench.cost.duel import Duel
from bench.cost.hold import Hold
from bench.cost.ideas import IDEAS
from bench.cost.instructions import Counts
from bench.cost.variants import VARIANTS
from bench.cost.words import CPU, HOLDS, IDEAS_HEAD, INSTRUCTIONS, LATENCY, METHOD, REPEAT

DOCS: Final = Path(__file__).parents[2] / "docs"
CHART: Final = "cost.svg"


@dataclass(frozen=True)
class Results:
    """What one run measured, and how much of it."""

    duels: Sequence[Duel]
    counts: Counts
    holds: Sequence[Hold]
    rounds: str


def write(results: Results, folder: Path = DOCS) -> None:
    """Write the page and the chart."""
    (folder / "cost.md").write_text("\n".join(lines(results)) + "\n", encoding="utf-8")
    (folder / CHART).write_text(chart.svg(results.duels, targets.limits(results.duels)), encoding="utf-8")


def lines(results: Results) -> list[str]:
    """Give the page's lines."""
    missed = targets.missed(results.duels, results.holds)
    return [
        "# What telemetry costs",
        "",
        report.run("./nox -s bench -- cost"),
        f"Missed in this run: {'; '.join(missed)}." if missed else "Every target was met in this run.",
        "",
        METHOD,
        *_measurements(results),
        *_section(
            "What keeps `standard` cheap, one by one",
            [IDEAS_HEAD],
            report.table(("idea", "route", "thousands saved", "of bare"), savings(results.counts)),
            [f"- **{idea.title}**: {idea.how}" for idea in IDEAS],
        ),
        *_section("How to repeat it", [REPEAT]),
    ]


def _measurements(results: Results) -> list[str]:
    return [
        *_section(
            "CPU time per request, as a multiple of bare",
            [f"{results.rounds} {CPU}", "", f"![CPU time per request, as a multiple of bare]({CHART})"],
            report.table(
                ("variant", "route", "x bare (half of the rounds)", "at most", "bare: ms"), _cpu(results.duels)
            ),
        ),
        *_section(
            "Latency with one client",
            [LATENCY],
            report.table(("variant", "route", "p50 ms", "bare", "p99 ms", "bare", "p99 x bare"), _tails(results.duels)),
        ),
        *_section(
            "How long a request is held",
            [HOLDS],
            report.table(
                ("variant", "p50 ms", "p99.9 ms", "p50 above bare", "held: p99.9 above bare (least to greatest)"),
                _holds(results.holds),
            ),
        ),
        *_section(
            "Instructions per request",
            [INSTRUCTIONS],
            report.table(("variant", "route", "thousands", "x bare"), _instructions(results.counts)),
        ),
    ]


def _section(title: str, *blocks: Sequence[str]) -> list[str]:
    return ["", f"## {title}", *(line for block in blocks for line in ("", *block))]


def savings(counts: Counts) -> list[list[str]]:
    """Give what each idea saves on each route: the instructions of `standard` without it, less those with it."""
    return [
        [
            idea.title,
            route,
            f"{(number - counts['standard'][route]) / 1000:.0f}",
            f"{(number - counts['standard'][route]) / counts['bare'][route]:.0%}",
        ]
        for idea in IDEAS
        for route, number in counts.get(idea.without, {}).items()
    ]


def _cpu(duels: Sequence[Duel]) -> list[list[str]]:
    most = targets.limits(duels)
    return [
        [
            VARIANTS[duel.variant].title,
            duel.route,
            f"{duel.ratio:.2f} ({duel.middle[0]:.2f} to {duel.middle[1]:.2f})",
            _limit(most.get(duel.variant, {}).get(duel.route)),
            f"{median(duel.bare_ms):.2f}",
        ]
        for duel in duels
    ]


def _limit(most: float | None) -> str:
    return "" if most is None else f"{most:.2f}"


def _tails(duels: Sequence[Duel]) -> list[list[str]]:
    rows = []
    for duel in duels:
        sides = list(zip(*duel.alone, strict=True))
        p50 = [f"{median(load.p50 for load in side):.2f}" for side in sides]
        p99 = [f"{median(load.p99 for load in side):.1f}" for side in sides]
        rows.append([VARIANTS[duel.variant].title, duel.route, *p50, *p99, f"{duel.tail:.1f}"])
    return rows


def _holds(holds: Sequence[Hold]) -> list[list[str]]:
    return [
        [
            VARIANTS[hold.variant].title,
            f"{median(hold.p50):.2f}",
            f"{median(hold.p999):.2f}",
            f"{median(hold.typical):.2f}",
            f"{hold.milliseconds:.2f} ({min(hold.slowest):.2f} to {max(hold.slowest):.2f})",
        ]
        for hold in holds
    ]


def _instructions(counts: Counts) -> list[list[str]]:
    return [
        [VARIANTS[variant].title, route, f"{counts[variant][route] / 1000:.0f}", f"{ratio:.2f}"]
        for variant in counts
        if variant in VARIANTS
        for route, ratio in gate.ratios(counts, variant).items()
    ]
