# SPDX-License-Identifier: Apache-2.0
"""What a run has to reach: the verdicts, the table that names the failed ones, and the exit code."""

from typing import NamedTuple

from locust.stats import RequestStats

from loadtest.answers import WrongAnswer
from loadtest.routes import ROUTES, Route
from stack.objectives import objective

# A run may fail no more often than the service may.
FAILED_SHARE = objective("availability").allowed
# A 95th percentile of fewer answers than this is only the slowest of them.
FEWEST_REQUESTS = 20


class Verdict(NamedTuple):
    """One threshold, what was measured, and whether it held."""

    what: str
    asked: str
    measured: str
    held: bool


def judge(stats: RequestStats, crashes: int, fewest: int = FEWEST_REQUESTS, slack: float = 1.0) -> list[Verdict]:
    """Hold a run's figures against every threshold; `crashes` are exceptions in the people's own code.

    `slack` is a factor on every 95th percentile that is allowed.
    """
    failed = stats.total.fail_ratio
    wrong = sum(error.occurrences for error in stats.errors.values() if WrongAnswer.__name__ in repr(error.error))
    verdicts = [
        Verdict("failed requests", f"<= {FAILED_SHARE:.1%}", f"{failed:.2%}", failed <= FAILED_SHARE),
        Verdict("wrong answers", "0", str(wrong), wrong == 0),
        Verdict("crashed tasks", "0", str(crashes), crashes == 0),
    ]
    for route in ROUTES:
        verdicts += _judge_route(stats, route, fewest, round(route.p95_ms * slack))
    return verdicts


def _judge_route(stats: RequestStats, route: Route, fewest: int, slowest_ms: int) -> list[Verdict]:
    entry = stats.get(route.name, route.method)
    row = f"{route.method} {route.name}"
    p95 = entry.get_response_time_percentile(0.95)
    return [
        Verdict(f"{row}: requests", f">= {fewest}", str(entry.num_requests), entry.num_requests >= fewest),
        Verdict(f"{row}: p95", f"<= {slowest_ms} ms", f"{p95:.0f} ms", p95 <= slowest_ms),
    ]


def exit_code(verdicts: list[Verdict]) -> int:
    """Give 0 when every threshold held, 1 otherwise."""
    return 0 if all(verdict.held for verdict in verdicts) else 1


def summary(verdicts: list[Verdict]) -> str:
    """Report in one line whether every threshold held."""
    failed = sum(not verdict.held for verdict in verdicts)
    return f"load: failed, {failed} of {len(verdicts)} thresholds" if failed else "load: passed, every threshold held"


def table(verdicts: list[Verdict]) -> str:
    """Draw the verdicts, one a line, with the failed ones marked."""
    header = Verdict("threshold", "asked", "measured", held=True)
    widths = [max(len(str(row[column])) for row in (header, *verdicts)) for column in range(3)]
    lines = [_line("", header, widths), *(_line("ok" if row.held else "FAILED", row, widths) for row in verdicts)]
    return "\n".join(lines)


def _line(mark: str, row: Verdict, widths: list[int]) -> str:
    return f"{mark:<6} {row.what:<{widths[0]}}  {row.asked:>{widths[1]}}  {row.measured:>{widths[2]}}"
