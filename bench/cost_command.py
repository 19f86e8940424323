# SPDX-License-Identifier: Apache-2.0
"""`python -m bench cost`: what telemetry adds to a request, in CPU time, in latency and in instructions."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bench.cost import control, gate, page, targets
from bench.cost.duel import fight
from bench.cost.hold import REQUESTS, hold
from bench.cost.hold import ROUNDS as HOLD_ROUNDS
from bench.cost.instructions import LAYOUTS, Counts, count, mean
from bench.cost.programs import require
from bench.cost.variants import COUNTED, MODES, VARIANTS, WITHOUT

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse names it nowhere else

ROUNDS: Final = 6
FEWEST_ROUNDS: Final = 2
SECONDS: Final = 2  # CPU time is counted in hundredths: 2 % of what a side takes in it, at most


def add_to(commands: "Commands") -> None:
    """Define the command."""
    parser = commands.add_parser("cost", help="what telemetry costs; 35 minutes, and needs wrk and valgrind")
    parser.add_argument(
        "--rounds", type=_several, default=ROUNDS, help=f"of each duel, in each life of its servers (default: {ROUNDS})"
    )
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"of each round (default: {SECONDS})")
    parser.add_argument("--dry", action="store_true", help="leave docs/cost.md and the committed figures as they are")
    alone = parser.add_mutually_exclusive_group()
    alone.add_argument("--check", action="store_true", help="count instructions alone, and fail if they have grown")
    alone.add_argument("--accept", action="store_true", help="count instructions alone, and write them down")
    alone.add_argument("--ideas", action="store_true", help="count alone what each idea of `standard` saves")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print, write the page, and give 1 when a target is missed or instructions have grown."""
    try:
        require("valgrind", _echo)
        if options.check:
            return _check()
        if options.ideas:
            return _ideas()
        return _accept() if options.accept else _measure(options)
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _several(text: str) -> int:
    if not text.isdecimal() or int(text) < FEWEST_ROUNDS:
        raise argparse.ArgumentTypeError(f"at least {FEWEST_ROUNDS}, fewer have no spread")
    return int(text)


def _check() -> int:
    try:
        kept = gate.kept()
    except gate.OtherPythonError as other:
        return _print_counts(str(other))
    counts = count(["bare", *MODES], _echo, lambda variant, routes: control.routes(variant, routes, kept))
    control.require_seen(counts)
    counts = control.without(counts)
    if gate.regressions(kept, counts):
        _echo("more than committed: counting again in other layouts of memory, whose mean decides")
        counts = mean([counts, *(count(["bare", *MODES], _echo, layout=layout) for layout in (1, 2))])
    _echo("\n".join(map(str, gate.compare(kept, counts))))
    if gate.improvements(kept, counts):
        _echo("some figures are lower than committed: `./nox -s cost -- --accept` commits them as the new limits")
    grown = gate.regressions(kept, counts)
    _echo("\n".join(["telemetry costs more than committed:", *map(str, grown)]) if grown else "no more than committed")
    return 1 if grown else 0


def _print_counts(why: str) -> int:
    counts = count(["bare", *MODES], _echo)
    ratios = [
        f"{mode}, {name}: {ratio:.3f} x bare" for mode in MODES for name, ratio in gate.ratios(counts, mode).items()
    ]
    _echo("\n".join([*ratios, f"{why}: printed, and compared with nothing"]))
    return 0


def _accept() -> int:
    gate.keep(_counted(["bare", *MODES]))
    _echo(f"written to {gate.KEPT.name}")
    return 0


def _ideas() -> int:
    counts = _counted(["bare", "standard", *WITHOUT])
    _echo(
        "\n".join(
            f"{title}, {route}: {saved} thousand, {share} of bare"
            for title, route, saved, share in page.savings(counts)
        )
    )
    return 0


def _counted(variants: Sequence[str]) -> Counts:
    return mean([count(variants, _echo, layout=layout) for layout in range(len(LAYOUTS))])


def _measure(options: argparse.Namespace) -> int:
    require("wrk", _echo)
    duels = fight([name for name in VARIANTS if name != "bare"], options.rounds, options.seconds, _echo)
    holds = hold(MODES, HOLD_ROUNDS, REQUESTS, _echo)
    counts = _counted(list(COUNTED))
    rounds = f"{options.rounds} rounds of {options.seconds} s."
    results = page.Results(duels, counts, holds, rounds)
    _echo("\n".join(page.lines(results)))
    if not options.dry:
        page.write(results)
        gate.keep({name: each for name, each in counts.items() if name in VARIANTS})
    missed = targets.missed(duels, holds)
    _echo("\n".join(["targets missed:", *missed]) if missed else "all targets met")
    return 1 if missed else 0


def _echo(text: str) -> None:
    print(text, flush=True)
