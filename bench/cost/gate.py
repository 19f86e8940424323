# SPDX-License-Identifier: Apache-2.0
"""The committed figures of instructions per request, and whether new ones are worse."""

import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bench.cost.instructions import Counts
from bench.cost.variants import MODES

KEPT: Final = Path(__file__).with_name("instructions.json")
# Means of three layouts of memory differ by under 1 %, and two builds of one Python by under 2 %.
TOLERANCE: Final = 0.03


class OtherPythonError(RuntimeError):
    """The committed figures are another Python's, which counts otherwise."""


class Compared(NamedTuple):
    """A mode's multiple of bare on a route, as it was committed and as it is."""

    mode: str
    route: str
    before: float
    now: float

    def __str__(self) -> str:
        return f"{self.mode}, {self.route}: {self.now:.3f} x bare, committed {self.before:.3f}"


def keep(counts: Counts, file: Path = KEPT) -> None:
    """Write the figures down, in instructions per request."""
    kept = {"python": _python(), "instructions": counts}
    file.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def kept(file: Path = KEPT) -> Counts:
    """Read the figures; raise OtherPythonError if another one made them."""
    read = json.loads(file.read_text(encoding="utf-8"))
    if read["python"] != _python():
        raise OtherPythonError(f"the committed figures are Python {read['python']}'s, and this is {_python()}")
    counts: Counts = read["instructions"]
    return counts


def ratios(counts: Counts, variant: str) -> dict[str, float]:
    """Divide a variant's instructions by the bare service's, for each route."""
    return {route: number / counts["bare"][route] for route, number in counts[variant].items()}


def compare(before: Counts, now: Counts) -> Iterator[Compared]:
    """Hold each mode's multiples of bare against the committed ones."""
    for mode in MODES:
        committed = ratios(before, mode)
        yield from (Compared(mode, route, committed[route], ratio) for route, ratio in ratios(now, mode).items())


def regressions(before: Counts, now: Counts) -> list[Compared]:
    """List what has grown by more than chance."""
    return [each for each in compare(before, now) if each.now > each.before * (1 + TOLERANCE)]


def improvements(before: Counts, now: Counts) -> list[Compared]:
    """List figures that fell by more than chance: until these are committed, a later increase is not detected."""
    return [each for each in compare(before, now) if each.now < each.before * (1 - TOLERANCE)]


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])
