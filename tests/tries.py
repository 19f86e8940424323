# SPDX-License-Identifier: Apache-2.0
"""Repeats a failed measurement: a pause of the machine affects one, a fault of the code affects all."""

from collections.abc import Callable
from typing import TypeVar

Measured = TypeVar("Measured")

TRIES = 3  # one may meet a pause, and the next another


def until_good(measure: Callable[[], Measured], good: Callable[[Measured], bool], tries: int = TRIES) -> Measured:
    """Measure until it is good, so many times at most, and give what was measured last."""
    for _ in range(tries - 1):
        if good(found := measure()):
            return found
    return measure()


def quickest(measure: Callable[[], float], limit_seconds: float) -> float:
    """Measure until it takes less than the limit; where it never does, give the last of what it took."""
    return until_good(measure, lambda took: took < limit_seconds)
