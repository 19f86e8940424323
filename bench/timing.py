# SPDX-License-Identifier: Apache-2.0
"""Figures of a paired measurement: percentiles, and a ratio with the interval that chance allows."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

RESAMPLES: Final = 2000  # the interval's ends are then steady to about a hundredth
COVERAGE: Final = 0.95


@dataclass(frozen=True)
class Ratio:
    """A median of ratios, and the ends of its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def percentile(samples: Sequence[float], share: float) -> float:
    """Give the sample below which the share of all samples is."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def paired_ratio(above: Sequence[float], below: Sequence[float]) -> Ratio:
    """Divide figure by figure what was measured in the same round, and bootstrap the median of that (Efron 1979)."""
    ratios = [one / other for one, other in zip(above, below, strict=True)]
    chance = random.Random(0)  # noqa: S311  # the same samples give the same interval
    medians = sorted(median(chance.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    outside = (1 - COVERAGE) / 2
    return Ratio(median(ratios), percentile(medians, outside), percentile(medians, 1 - outside))
