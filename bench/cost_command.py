# SPDX-License-Identifier: Apache-2.0
"""`python -m bench cost`: what telemetry adds to a request, in CPU time and in instructions."""

import argparse
import sys
from typing import TYPE_CHECKING, Final

from bench.cost import gate, page
from bench.cost.duel import fight
from bench.cost.instructions import count
from bench.cost.variants import TITLES

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse names it nowhere else

ROUNDS: Final = 5
SECONDS: Final = 4  # CPU time is counted in hundredths: 1 % of what a side takes in it, at most


def add_to(commands: "Commands") -> None:
    """Define the command."""
    parser = commands.add_parser("cost", help="what telemetry costs; takes ten minutes, and needs wrk and valgrind")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of each duel (default: {ROUNDS})")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"of each round (default: {SECONDS})")
    parser.add_argument("--dry", action="store_true", help="leave docs/cost.md and the committed figures as they are")
    parser.add_argument("--check", action="store_true", help="count instructions alone, and fail if they have grown")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print, write the page, and give 1 when a target is missed or instructions have grown."""
    try:
        return _check() if options.check else _measure(options)
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _check() -> int:
    before = gate.ratios(gate.kept(), "ours")
    now = gate.ratios(count(["bare", "ours"], _say), "ours")
    _say("\n".join(f"{route}: {ratio:.3f} x bare, committed {before[route]:.3f}" for route, ratio in now.items()))
    grown = gate.regressions(before, now)
    _say("\n".join(["telemetry costs more than committed:", *grown]) if grown else "no more than committed")
    return 1 if grown else 0


def _measure(options: argparse.Namespace) -> int:
    duels = fight([name for name in TITLES if name != "bare"], options.rounds, options.seconds, _say)
    counts = count(list(TITLES), _say)
    rounds = f"{options.rounds} rounds of {options.seconds} s."
    _say("\n".join(page.lines(duels, counts, rounds)))
    if not options.dry:
        page.write(duels, counts, rounds)
        gate.keep(counts)
    missed = page.missed(duels)
    _say("\n".join(["targets missed:", *missed]) if missed else "all targets met")
    return 1 if missed else 0


def _say(text: str) -> None:
    print(text, flush=True)
