# SPDX-License-Identifier: Apache-2.0
"""What the service's own telemetry may cost, and whether it does."""

from collections.abc import Mapping, Sequence
from typing import Final

from bench.cost.duel import Duel
from bench.cost.hold import Hold
from bench.cost.variants import DEFAULT, MODES

# CPU time per request of `light`, by route, as a multiple of bare.
LIGHT: Final = {"GET one loan": 1.15, "POST a loan": 1.15, "no database": 1.30}
# CPU time per request of `standard`, on each route, as a multiple of default OpenTelemetry.
OF_DEFAULT: Final = 0.85
TAIL: Final = 2.0  # p99 with one client, as a multiple of bare
HOLD_MS: Final = {"standard": 3.0, "light": 1.0}  # of the slowest of a thousand

Limits = Mapping[str, Mapping[str, float]]  # by mode, by route


def limits(duels: Sequence[Duel]) -> Limits:
    """Give the most CPU time that each mode may take, as a multiple of bare; `standard`'s follows from default's."""
    default = {duel.route: OF_DEFAULT * duel.ratio for duel in duels if duel.variant == DEFAULT}
    return {"standard": default, "light": LIGHT}


def missed(duels: Sequence[Duel], holds: Sequence[Hold]) -> list[str]:
    """List the targets that the service misses."""
    most = limits(duels)
    ours = [duel for duel in duels if duel.variant in MODES]
    return [
        *(
            f"{duel.variant}, {duel.route}: {duel.ratio:.2f} x bare, at most {most[duel.variant][duel.route]:.2f}"
            for duel in ours
            if duel.ratio > most[duel.variant].get(duel.route, duel.ratio)
        ),
        *(f"{duel.variant}, {duel.route}: p99 {duel.tail:.1f} x bare" for duel in ours if duel.tail > TAIL),
        *(
            f"{hold.variant}: holds a request for {hold.milliseconds:.2f} ms, at most {HOLD_MS[hold.variant]:g}"
            for hold in holds
            if hold.milliseconds > HOLD_MS.get(hold.variant, hold.milliseconds)
        ),
    ]
