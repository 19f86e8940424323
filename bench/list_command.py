# SPDX-License-Identifier: Apache-2.0
"""`python -m bench list`: whether the thousandth page is as quick as the first, and a million loans as a thousand."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bench import report
from bench.listing import Cell, measure, sides
from bench.pages import LIMIT as ROWS
from bench.pages import MIDDLES
from bench.timing import percentile

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse names it nowhere else

SMALL: Final = 1000
LARGE: Final = 1_000_000
TARGET: Final = 1.25
# A busy machine must not fail it; a page that reads the whole table is slower by far more.
LIMIT: Final = 1.6
ROUNDS: Final = 40
EACH: Final = 20  # requests per page, portfolio and round: 800 in all, so that p99 is the eighth slowest
HEADS: Final = (
    *("list", "page", "small: p50", "p95", "p99", "large: p50", "p95", "p99 ms", "ratio of p50 (95 % interval)"),
)
BUCKETS: Final = """
A bucket's page is gathered from its days (`app/storage/loans_by_day.py`). That is a larger statement, which costs
more than that of other pages, at any size. Read in the list's order instead, the first page of a rare bucket
took PostgreSQL 12 to 28 ms at a million loans, as it walked over all newer ones.
""".rstrip()


def add_to(commands: "Commands") -> None:
    """Define the command."""
    parser = commands.add_parser("list", help="GET /api/v1/loans on a small and a large portfolio")
    parser.add_argument("--large", type=int, default=LARGE, help=f"loans of the large portfolio (default: {LARGE:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds (default: {ROUNDS})")
    parser.add_argument("--limit", type=float, default=LIMIT, help=f"fail above this ratio (default: {LIMIT})")
    parser.add_argument("--dry", action="store_true", help="leave docs/performance.md as it is")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print, write the page, and give 1 when a ratio is above the limit."""
    with sides(SMALL, options.large, _echo) as (small, large):
        cells = measure(small, large, options.rounds, EACH, _echo)
    lines = page(cells, options.large)
    _echo("\n".join(lines))
    if not options.dry:
        report.write("list", lines)
    slow = [f"{cell.listing}, {cell.place}: {cell.ratio}" for cell in cells if cell.ratio.value > options.limit]
    _echo("\n".join([f"above the limit of {options.limit}:", *slow]) if slow else "all within the limit")
    return 1 if slow else 0


def page(cells: Sequence[Cell], large: int) -> list[str]:
    """Write the figures as Markdown."""
    missed = [cell for cell in cells if cell.ratio.value > TARGET]
    return [
        "## A page of the list",
        "",
        report.run("./nox -s bench -- list"),
        "",
        f"`GET /api/v1/loans`, {ROWS} rows, newest first, in process, without telemetry, on {SMALL:,} loans (small)",
        f"and on {large:,} (large), in turn. The ratio is the median of the rounds' ratios of p50, the interval",
        f"its bootstrap. A middle page begins at one of {MIDDLES} places of the middle half. Times in milliseconds.",
        f"The target is a ratio of at most {TARGET}: {len(cells) - len(missed)} of {len(cells)} pages keep it.",
        BUCKETS,
        "",
        *report.table(HEADS, [_row(cell) for cell in cells]),
    ]


def _row(cell: Cell) -> list[str]:
    shares = (0.5, 0.95, 0.99)
    figures = [f"{percentile(samples, share):.2f}" for samples in (cell.small, cell.large) for share in shares]
    ratio = f"**{cell.ratio}**" if cell.ratio.value > TARGET else str(cell.ratio)
    return [cell.listing, cell.place, *figures, ratio]


def _echo(text: str) -> None:
    print(text, flush=True)
