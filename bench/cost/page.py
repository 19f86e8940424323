# SPDX-License-Identifier: Apache-2.0
"""Writes docs/cost.md: what was measured, beside its targets."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from bench import report
from bench.cost import gate
from bench.cost.duel import CLIENTS, Duel
from bench.cost.instructions import Counts
from bench.cost.variants import TITLES

PAGE: Final = Path(__file__).parents[2] / "docs" / "cost.md"
TARGETS: Final = {"GET one loan": 1.40, "POST a loan": 1.40, "no database": 2.00}
TAIL_TARGET: Final = 2.0
BAR: Final = 12  # characters for one times bare
METHOD: Final = f"""
*Bare* is the same application with telemetry taken away: no instrumentor, no event, no line
(`bench/cost/variants/bare.py`; `OTEL_SDK_DISABLED` would leave the line). *Classic* and *default OpenTelemetry* are
what one would add to it instead. Each exports to a collector that takes everything.

**The duel.** Bare and a variant each run under Gunicorn with the service's configuration, one worker of four threads,
on databases that hold the same, and wrk loads both *at the same time* with {CLIENTS} clients each: what else the
machine does meets both. The figure is the CPU time of each side's processes, divided by its requests; the ratio is the
median of the rounds, with the least and the greatest.

**Instructions** are counted by valgrind, in process, without Gunicorn, and with exports. They hardly depend on what
else runs, so a change of the code can be judged by them; but they weigh telemetry more than time does, since
the kernel's work for database and network is not in them.
""".strip()


def write(duels: Sequence[Duel], counts: Counts, rounds: str, file: Path = PAGE) -> None:
    """Write the page."""
    file.write_text("\n".join(lines(duels, counts, rounds)) + "\n", encoding="utf-8")


def lines(duels: Sequence[Duel], counts: Counts, rounds: str) -> list[str]:
    """Give the page's lines."""
    return [
        "# What telemetry costs",
        "",
        report.run("./nox -s bench -- cost"),
        "",
        METHOD,
        "",
        "## CPU time per request, as a multiple of bare",
        "",
        rounds,
        "",
        *report.table(("variant", "route", "x bare (least to greatest)", "target", "bare: ms"), _cpu(duels)),
        "",
        *chart(duels),
        "",
        "## Latency with one client",
        "",
        f"Both sides at once, one client each, medians of the rounds. The target is a p99 of {TAIL_TARGET:g} x bare.",
        "",
        *report.table(("variant", "route", "p50 ms", "bare", "p99 ms", "bare", "p99 x bare"), _latencies(duels)),
        "",
        "## Instructions per request",
        "",
        "In thousands. `./nox -s bench -- cost --check` counts those of the service again, in about a minute, and",
        f"fails when their multiple of bare is more than {gate.TOLERANCE:.0%} above `bench/cost/instructions.json`.",
        "",
        *report.table(("variant", "route", "thousands", "x bare"), _instructions(counts)),
    ]


def missed(duels: Sequence[Duel]) -> list[str]:
    """List the targets that the service misses."""
    ours = [duel for duel in duels if duel.variant == "ours"]
    cpu = [f"{duel.route}: {duel.ratio:.2f} x bare" for duel in ours if duel.ratio > TARGETS[duel.route]]
    return cpu + [f"{duel.route}: p99 {duel.tail:.1f} x bare" for duel in ours if duel.tail > TAIL_TARGET]


def chart(duels: Sequence[Duel]) -> list[str]:
    """Draw the ratios as bars of text, whose first mark is bare."""
    rows = [
        f"{duel.route:<13} {duel.variant:<8} {'█' * BAR}{'▓' * round((duel.ratio - 1) * BAR)} {duel.ratio:.2f}"
        for duel in sorted(duels, key=lambda duel: list(TARGETS).index(duel.route))
    ]
    return ["```text", *rows, "```"]


def _cpu(duels: Sequence[Duel]) -> list[list[str]]:
    return [
        [
            TITLES[duel.variant],
            duel.route,
            f"{duel.ratio:.2f} ({min(duel.cpu):.2f} to {max(duel.cpu):.2f})",
            f"{TARGETS[duel.route]:.2f}" if duel.variant == "ours" else "",
            f"{median(duel.bare_ms):.2f}",
        ]
        for duel in duels
    ]


def _latencies(duels: Sequence[Duel]) -> list[list[str]]:
    rows = []
    for duel in duels:
        sides = list(zip(*duel.alone, strict=True))
        p50 = [f"{median(load.p50 for load in side):.2f}" for side in sides]
        p99 = [f"{median(load.p99 for load in side):.1f}" for side in sides]
        rows.append([TITLES[duel.variant], duel.route, *p50, *p99, f"{duel.tail:.1f}"])
    return rows


def _instructions(counts: Counts) -> list[list[str]]:
    return [
        [TITLES[variant], route, f"{counts[variant][route] / 1000:.0f}", f"{ratio:.2f}"]
        for variant in counts
        for route, ratio in gate.ratios(counts, variant).items()
    ]
