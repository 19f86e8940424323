# SPDX-License-Identifier: Apache-2.0
"""The committed figures of instructions per request, and whether new ones are worse."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.cost.instructions import Counts

KEPT: Final = Path(__file__).with_name("instructions.json")
# Two runs differ by under 1 %: a regression is seen, and chance is not.
TOLERANCE: Final = 0.03


def keep(counts: Counts, file: Path = KEPT) -> None:
    """Write the figures down, in instructions per request."""
    kept = {"python": _python(), "instructions": counts}
    file.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def kept(file: Path = KEPT) -> Counts:
    """Read the figures; raise RuntimeError if another Python made them, which counts otherwise."""
    read = json.loads(file.read_text(encoding="utf-8"))
    if read["python"] != _python():
        raise RuntimeError(f"the committed figures are Python {read['python']}'s, and this is {_python()}")
    counts: Counts = read["instructions"]
    return counts


def ratios(counts: Counts, variant: str) -> dict[str, float]:
    """Divide a variant's instructions by the bare service's, for each route."""
    return {route: number / counts["bare"][route] for route, number in counts[variant].items()}


def regressions(before: Mapping[str, float], now: Mapping[str, float]) -> list[str]:
    """List the routes whose ratio has grown by more than chance; one that was not measured before has not."""
    return [
        f"{route}: {ratio:.3f} x bare, and it was {before[route]:.3f}"
        for route, ratio in now.items()
        if route in before and ratio > before[route] * (1 + TOLERANCE)
    ]


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])
