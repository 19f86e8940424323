# SPDX-License-Identifier: Apache-2.0
"""How long telemetry holds a request: what the slowest of a thousand takes longer than the slowest bare one."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from bench.cost.routes import prepare
from bench.cost.sink import collecting
from bench.cost.variants import VARIANTS
from bench.timing import percentile
from stack.postgres import Postgres
from stack.site import ROOT, common_environment

ROUNDS: Final = 9
REQUESTS: Final = 10_000  # of each round: ten of them are above its p99.9, and 90 above that of all rounds
SLICES: Final = 20  # of a round: variants take turns every second, so a machine that is busy for a while is so for all
SLOWEST: Final = 0.999


@dataclass
class Hold:
    """What the rounds gave for a variant, in milliseconds."""

    variant: str
    p50: list[float] = field(default_factory=list)
    p999: list[float] = field(default_factory=list)
    typical: list[float] = field(default_factory=list)  # its p50 above that of bare, in the same round
    slowest: list[float] = field(default_factory=list)  # its p99.9 above that of bare

    @property
    def milliseconds(self) -> float:
        """Give the median of the rounds' p99.9 above bare."""
        return median(self.slowest)


def hold(variants: Sequence[str], rounds: int, requests: int, echo: Callable[[str], None]) -> list[Hold]:
    """Let requests arrive at bare and at the variants in turn, slice by slice and round by round."""
    holds = {name: Hold(name) for name in ("bare", *variants)}
    with ExitStack() as open_for_now:
        server = open_for_now.enter_context(Postgres.temporary())
        folder = Path(open_for_now.enter_context(tempfile.TemporaryDirectory(prefix="loan-cost-")))
        sink = open_for_now.enter_context(collecting())
        databases, _ = prepare(server, folder, list(holds))
        running = {
            name: open_for_now.enter_context(_arrivals(name, databases[name], sink.endpoint(name), folder))
            for name in holds
        }
        for number in range(1, rounds + 1):
            echo(f"holds: round {number} of {rounds}")
            _add(holds, _round(running, requests))
        for name in holds:
            sink.require(name)
    return list(holds.values())


def _round(running: Mapping[str, subprocess.Popen[str]], requests: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in running}
    for _ in range(SLICES):
        for name, child in running.items():
            times[name] += _ask(child, requests // SLICES)
    return times


def _add(holds: Mapping[str, Hold], times: Mapping[str, Sequence[float]]) -> None:
    bare, slow = (percentile(times["bare"], share) for share in (0.5, SLOWEST))
    for name, each in holds.items():
        p50, p999 = percentile(times[name], 0.5), percentile(times[name], SLOWEST)
        each.p50.append(p50)
        each.p999.append(p999)
        each.typical.append(p50 - bare)
        each.slowest.append(p999 - slow)


@contextmanager
def _arrivals(name: str, database_url: str, endpoint: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    telemetry = folder / f"{name}-telemetry"
    telemetry.mkdir()  # as the arbiter does
    environment = {
        **common_environment(),
        **VARIANTS[name].settings,
        "DATABASE_URL": database_url,
        "TELEMETRY_DIR": str(telemetry),
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
    }
    argv = [sys.executable, "-m", "bench.cost.arrivals", name]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, env=environment, cwd=ROOT, text=True, stdin=pipe, stdout=pipe) as child:
        _answer(child)
        yield child
        # Leaving closes its stdin, at which it ends by itself.


def _ask(child: subprocess.Popen[str], requests: int) -> list[float]:
    print(requests, file=child.stdin, flush=True)
    return [microseconds / 1000 for microseconds in _answer(child)]


def _answer(child: subprocess.Popen[str]) -> list[int]:
    line = child.stdout.readline() if child.stdout else ""
    if not line:
        raise RuntimeError(f"{child.args!r} ended with {child.wait()}")
    answer: list[int] = json.loads(line)
    return answer
