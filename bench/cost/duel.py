# SPDX-License-Identifier: Apache-2.0
"""A variant and the bare service side by side, loaded at the same time: the machine's moods meet both."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from bench.cost.routes import Route, prepare
from bench.cost.served import Served, served
from bench.cost.sink import collecting
from bench.cost.variants import DEFAULT, MODES
from bench.cost.wrk import Load, finish, start
from stack.postgres import Postgres

CLIENTS: Final = 4  # as many as the worker has threads
WARM_SECONDS: Final = 1
# Two processes of one program differ by 3 %: where each has its memory decides what collides in the interpreter's
# caches. What has a target, or is one, is measured in several; what is only compared with it, in one.
LIVES: Final = 4


@dataclass
class Duel:
    """What the rounds of a variant against the bare service gave, on one route."""

    variant: str
    route: str
    cpu: list[float] = field(default_factory=list)  # ratio of CPU time per request
    bare_ms: list[float] = field(default_factory=list)  # the bare service's CPU time per request
    alone: list[tuple[Load, Load]] = field(default_factory=list)  # with one client: the variant's, and the bare one's

    @property
    def ratio(self) -> float:
        """Give the median of the rounds' ratios of CPU time."""
        return median(self.cpu)

    @property
    def middle(self) -> tuple[float, float]:
        """Give the bounds between which half of the rounds' ratios are."""
        lower, _, upper = quantiles(self.cpu, n=4, method="inclusive")
        return lower, upper

    @property
    def tail(self) -> float:
        """Give the median of the rounds' ratios of p99, with one client."""
        return median(variant.p99 / bare.p99 for variant, bare in self.alone)


def fight(variants: Sequence[str], rounds: int, seconds: int, echo: Callable[[str], None]) -> list[Duel]:
    """Measure each variant against the bare service on every route."""
    duels: list[Duel] = []
    with ExitStack() as open_for_now:
        server = open_for_now.enter_context(Postgres.temporary())
        folder = Path(open_for_now.enter_context(tempfile.TemporaryDirectory(prefix="loan-cost-")))
        sink = open_for_now.enter_context(collecting())
        databases, chosen = prepare(server, folder, ["bare", *variants])
        for name in variants:  # one that cannot start would end the measurement after half an hour
            with served(name, databases[name], sink.endpoint(name)):
                pass
        for name in variants:
            fought = [Duel(name, route.name) for route in chosen]
            lives = LIVES if name in {*MODES, DEFAULT} else 1
            for life in range(1, lives + 1):
                with (
                    served("bare", databases["bare"], sink.endpoint("bare")) as bare,
                    served(name, databases[name], sink.endpoint(name)) as variant,
                ):
                    for duel, route in zip(fought, chosen, strict=True):
                        echo(f"{name}, life {life} of {lives}: {route.name}")
                        _add_rounds(duel, variant, bare, route, rounds, seconds)
            sink.require(name)  # now, as what waits is sent at the end
            duels += fought
    return duels


def _add_rounds(duel: Duel, variant: Served, bare: Served, route: Route, rounds: int, seconds: int) -> None:  # noqa: PLR0917  # who, what, and how long
    _both(variant, bare, route, CLIENTS, WARM_SECONDS)
    for _ in range(rounds):
        before = [each.cpu_seconds() for each in (variant, bare)]
        loads = _both(variant, bare, route, CLIENTS, seconds)
        each = [
            (side.cpu_seconds() - begun) / load.requests
            for side, begun, load in zip((variant, bare), before, loads, strict=True)
        ]
        duel.cpu.append(each[0] / each[1])
        duel.bare_ms.append(each[1] * 1000)
    duel.alone.extend(_both(variant, bare, route, 1, seconds) for _ in range(rounds))


def _both(variant: Served, bare: Served, route: Route, clients: int, seconds: int) -> tuple[Load, Load]:
    running = [start(side.port, route, clients, seconds) for side in (variant, bare)]
    first, second = (finish(each) for each in running)
    return first, second
