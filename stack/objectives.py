# SPDX-License-Identifier: Apache-2.0
"""The objectives of the loan service as numbers, read from prometheus/slos/: the only place where they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SPEC = Path(__file__).parents[1] / "prometheus" / "slos" / "loan_service.slos.yaml"
# The bucket whose requests are fast enough, in the query of an objective on latency.
BUCKET = re.compile(r'\ble="([\d.]+)"')


@dataclass(frozen=True)
class Objective:
    """What share of events has to be good, and below which duration an event is, where that is the question."""

    name: str
    percent: float
    seconds: float | None

    @property
    def allowed(self) -> float:
        """Give the share of bad events that the objective allows: its error budget."""
        return round(1 - self.percent / 100, 9)  # 1 - 0.995 is 0.0050000000000000044


def read(spec: Path = SPEC) -> dict[str, Objective]:
    """Read the objectives of a file, by their names."""
    document: dict[str, Any] = yaml.safe_load(spec.read_text(encoding="utf-8"))
    return {slo["name"]: _objective(slo) for slo in document["slos"]}


@cache
def objective(name: str) -> Objective:
    """Give one objective: `availability`, `latency` or `repayments`."""
    return read()[name]


def slow_seconds() -> float:
    """Give the duration from which on an answer is slow."""
    seconds = objective("latency").seconds
    if seconds is None:
        raise ValueError(f"{SPEC}: the latency objective has no bucket")
    return seconds


def _objective(slo: dict[str, Any]) -> Objective:
    bucket = BUCKET.search(slo["sli"]["events"]["error_query"])
    return Objective(slo["name"], float(slo["objective"]), float(bucket[1]) if bucket else None)
