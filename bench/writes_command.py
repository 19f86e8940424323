# SPDX-License-Identifier: Apache-2.0
"""`python -m bench writes`: what the service adds to the cost of the statements that it sends."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bench import report
from bench.serving import THREADS, WORKERS
from bench.timing import percentile
from bench.writing import COPIES, ROUNDS, Cell, Run, measure, pair

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse names it nowhere else

SECONDS: Final = 10.0
# Far below what was measured on any quiet machine: a lower value means a regression, not a busy machine.
LIMIT: Final = 0.15
HEADS: Final = (
    *("write", "clients", "service: req/s", "p50", "p99 ms", "bare: req/s", "p50", "p99 ms"),
    "ratio of req/s (95 % interval)",
)
METHOD: Final = f"""
Keep-alive clients, each as fast as it is answered, through Gunicorn: {WORKERS} workers of {THREADS} threads,
`gunicorn.conf.py`, but no worker is replaced meanwhile. Telemetry is off, and PostgreSQL does not wait for its disk.
Clients, both servers' workers and PostgreSQL share the cores.

*Bare* is a Flask view that sends the statements that the service sends, captured from it, in one transaction, from a
pool of the same size. It reads the body with `json.loads` and does nothing else: no API key is checked, no value
validated, no schedule computed, no connection tested before use, no line logged. The ratio is what all that costs.
A disk that PostgreSQL waits for adds the same to both, and moves the ratio towards 1.
""".strip()


def add_to(commands: "Commands") -> None:
    """Define the command."""
    parser = commands.add_parser("writes", help="POST of loans and repayments beside a bare view with the same SQL")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"per figure (default: {SECONDS:g})")
    parser.add_argument("--limit", type=float, default=LIMIT, help=f"fail below this ratio (default: {LIMIT})")
    parser.add_argument("--dry", action="store_true", help="leave docs/performance.md as it is")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print, write the page, and give 1 when a ratio is below the limit."""
    with pair(COPIES, _echo) as both:
        cells = measure(both, options.seconds, _echo)
    lines = page(cells, options.seconds)
    _echo("\n".join(lines))
    if not options.dry:
        report.write("writes", lines)
    slow = [f"{cell.kind}, {cell.clients} clients: {cell.ratio}" for cell in cells if cell.ratio.value < options.limit]
    _echo("\n".join([f"below the limit of {options.limit}:", *slow]) if slow else "all within the limit")
    return 1 if slow else 0


def page(cells: Sequence[Cell], seconds: float) -> list[str]:
    """Write the figures as Markdown."""
    return [
        "## Writes",
        "",
        report.run("./nox -s bench -- writes"),
        "",
        METHOD,
        "",
        f"Each figure: {seconds:g} s in {ROUNDS} rounds, service and bare in turn. The ratio is the rounds' median.",
        "",
        *report.table(HEADS, [_row(cell) for cell in cells]),
    ]


def _row(cell: Cell) -> list[str]:
    return [f"`{_path(cell.kind)}`", str(cell.clients), *_figures(cell.service), *_figures(cell.bare), str(cell.ratio)]


def _path(kind: str) -> str:
    return "POST /loans" if kind == "loans" else "POST /loans/{id}/repayments"


def _figures(run: Run) -> list[str]:
    rate = sum(run.per_second) / len(run.per_second)
    return [f"{rate:.0f}", *(f"{percentile(run.milliseconds, share):.1f}" for share in (0.5, 0.99))]


def _echo(text: str) -> None:
    print(text, flush=True)
