# SPDX-License-Identifier: Apache-2.0
"""By how much counters in Prometheus have risen, to the unit, while the workers that count come and go.

PromQL's increase() extrapolates, and the difference of two sums is wrong as soon as a worker begins its slot's series
anew. The stored samples show it: a lower value than before is a new worker's, which began at 0.
"""

import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from stack.backends import Prometheus

SERVICE: Final = 'job="lending/loan-service"'  # what came by OTLP
# Long enough to see the whole session: a worker's series ends with the worker, its count stays true.
LOOK_BACK: Final = "2h"
Totals = Counter[tuple[str, ...]]  # by the values of labels


def risen(prometheus: Prometheus, metric: str, labels: Sequence[str], since: float) -> Totals:
    """Add up by how much a counter has risen since a Unix time, over all its series with the same values of labels."""
    selector = f"{metric}{{{SERVICE}}}"
    rows = prometheus.query(f"last_over_time({selector}[{LOOK_BACK}])", since)
    before = {frozenset(row.labels.items()): row.value for row in rows}
    found: Totals = Counter()
    for series in prometheus.series(selector, since, time.time()):
        values = [before.get(frozenset(series.labels.items()), 0.0), *(value for _, value in series.samples)]
        found[tuple(series.labels.get(label, "") for label in labels)] += round(rise(values))
    return +found


def rise(values: Sequence[float]) -> float:
    """Add up the steps of a counter that begins at 0 whenever it falls."""
    return sum(now - then if now >= then else now for then, now in pairwise(values))
