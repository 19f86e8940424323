# SPDX-License-Identifier: Apache-2.0
"""Invented and ordinary traffic; waits until each request is counted in every backend."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stack.backends import Loki, Prometheus, Tempo
from stack.polling import poll
from stack.runner import Stack
from tests.chain.flood_counts import Seen, answered, logged, traced
from tests.chain.hostile import Counted, flood
from tests.chain.loan_lives import LIVES
from tests.chain.traffic import side_by_side

SETTLE_SECONDS = 60.0  # a busy runner; it takes about five


@dataclass(frozen=True)
class Flooded:
    """Before and after the flood, and what it was."""

    before: Seen
    after: Seen
    through_nginx: Counted
    direct: Counted
    log_bytes: int
    log_traces: set[str]


def both(stack: Stack, number: int, seed: str) -> tuple[Counted, Counted]:
    """Send half to Nginx and half to the service, and wait until everything is counted everywhere."""
    prometheus, tempo, loki = (Prometheus(stack.url("prometheus")), Tempo(stack.url("tempo")), Loki(stack.url("loki")))
    before, started = answered(prometheus), time.time()
    tally = flood(stack.url("nginx"), number // 2, f"{seed} nginx"), flood(stack.url("api"), number // 2, seed)
    print(f"{number} requests in {time.time() - started:.1f} s, {[part.counted for part in tally]} counted")  # noqa: T201  # the result
    expected = tally[0].counted + tally[1].counted
    poll(lambda: answered(prometheus) - before >= expected, SETTLE_SECONDS, "the flood in Prometheus")
    poll(lambda: traced(tempo, started) >= expected, SETTLE_SECONDS, "the flood in Tempo")
    poll(lambda: logged(loki, started) >= expected, SETTLE_SECONDS, "the flood in Loki")
    return tally


def ordinary(stack: Stack, rounds: int) -> None:
    """Live ordinary lives, and wait until they are counted."""
    prometheus = Prometheus(stack.url("prometheus"))
    before = answered(prometheus)
    expected = len(side_by_side(stack.url("nginx"), LIVES * rounds))
    poll(lambda: answered(prometheus) - before >= expected, SETTLE_SECONDS, "the lives in Prometheus")


def settle(prometheus: Prometheus) -> None:
    """Wait for what was sent before: two looks, one export interval apart, agree."""

    def agree() -> bool:
        before = answered(prometheus)
        time.sleep(5.5)
        return answered(prometheus) == before

    poll(agree, SETTLE_SECONDS, "a quiet Prometheus")


def log_files(folder: Path) -> Iterable[Path]:
    """List what the collector reads."""
    return folder.glob("*.jsonl*")


def log_size(folder: Path) -> int:
    """Add up the bytes of all lines."""
    return sum(path.stat().st_size for path in log_files(folder))
