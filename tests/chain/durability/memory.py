# SPDX-License-Identifier: Apache-2.0
"""The memory of the service's workers, and how it grows over time."""

import re
import time
from pathlib import Path
from statistics import linear_regression

MEBIBYTE = 1024 * 1024
SAMPLE_SECONDS = 1.0
# Of a shorter time, the slope is that of a few pages: 2 MB in half a minute would be 40 in ten.
LEAST_SECONDS_FOR_A_SLOPE = 120.0
TEN_MINUTES = 600.0


def tells_a_slope(seconds: float) -> bool:
    """Return whether a watch of that length is long enough for a slope, and not only for a difference."""
    return seconds / 2 > LEAST_SECONDS_FOR_A_SLOPE


def growth_of_workers(arbiter: int, seconds: float) -> dict[int, float]:
    """Watch each worker for a time, and give the bytes by which it grew, or would grow in ten minutes, if more."""
    began, seen = time.monotonic(), [(0.0, resident(arbiter))]
    while (now := time.monotonic() - began) < seconds:
        time.sleep(min(SAMPLE_SECONDS, seconds - now))
        seen.append((time.monotonic() - began, resident(arbiter)))
    assert all(sizes.keys() == seen[0][1].keys() for _, sizes in seen), "a worker was replaced meanwhile"
    return {pid: _growth([(at, sizes[pid]) for at, sizes in seen]) for pid in seen[0][1]}


def _growth(sizes: list[tuple[float, int]]) -> float:
    grown = float(sizes[-1][1] - sizes[0][1])
    settled = sizes[len(sizes) // 2 :]  # by then the queues are full
    if not tells_a_slope(sizes[-1][0]):
        return grown
    times, bytes_then = zip(*settled, strict=True)
    return max(grown, linear_regression(times, bytes_then).slope * TEN_MINUTES)


def resident(arbiter: int) -> dict[int, int]:
    """Give the resident bytes of each worker."""
    workers = Path(f"/proc/{arbiter}/task/{arbiter}/children").read_text().split()
    return {int(pid): _resident(int(pid)) for pid in workers}


def _resident(pid: int) -> int:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024
