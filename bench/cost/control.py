# SPDX-License-Identifier: Apache-2.0
"""The gate's negative control: each run also counts a request that is heavier, which must be refused."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bench.cost import gate
from bench.cost.instructions import Counts
from bench.cost.routes import Route
from bench.cost.variants import MODES

ROUTE: Final = "no database"  # the cheapest to count
NAME: Final = f"{ROUTE}, heavier"
SHARE: Final = 0.08  # more than the gate's tolerance and the difference of two counts in one layout of memory
LOOP: Final = 190  # instructions of an empty loop's turn, as valgrind counts them: 177 to 198, by how Python was built


def routes(variant: str, others: Sequence[Route], kept: Counts) -> list[Route]:
    """Add the heavier request to the others of a mode."""
    if variant not in MODES:
        return list(others)
    plain = next(route for route in others if route.name == ROUTE)
    return [*others, replace(plain, name=NAME, loops=round(SHARE * kept[variant][ROUTE] / LOOP))]


def without(counts: Counts) -> Counts:
    """Give the counts of the service as it is."""
    return {
        variant: {route: number for route, number in each.items() if route != NAME} for variant, each in counts.items()
    }


def require_seen(counts: Counts) -> None:
    """Raise RuntimeError unless the gate would refuse the heavier request of each mode."""
    real = without(counts)
    for mode in MODES:
        if not gate.regressions(real, {**real, mode: {**real[mode], ROUTE: counts[mode][NAME]}}):
            raise RuntimeError(f"{SHARE:.0%} more instructions are not seen in {mode}")
