# SPDX-License-Identifier: Apache-2.0
"""What the service's own telemetry may cost, and whether it does."""

from collections.abc import Sequence
from typing import Final

from bench.cost.duel import Duel
from bench.cost.hold import Hold

# CPU time per request by mode and route, as a multiple of bare.
CPU: Final = {
    "standard": {"GET one loan": 1.40, "POST a loan": 1.40, "no database": 2.00},
    "light": {"GET one loan": 1.15, "POST a loan": 1.15},
}
# Shown and not required: where the work is next to nothing, its multiple says little.
GOALS: Final = {"light": {"no database": 1.20}}
TAIL: Final = 2.0  # p99 with one client, as a multiple of bare
HOLD_MS: Final = 1.0  # of the slowest of a thousand requests


def shown(variant: str, route: str) -> str:
    """Write the target or the goal of a variant, if it has one."""
    if route in CPU.get(variant, {}):
        return f"{CPU[variant][route]:.2f}"
    return f"{GOALS[variant][route]:.2f}, a goal" if route in GOALS.get(variant, {}) else ""


def missed(duels: Sequence[Duel], holds: Sequence[Hold]) -> list[str]:
    """List the targets that the service misses."""
    ours = [duel for duel in duels if duel.variant in CPU]
    return [
        *(
            f"{duel.variant}, {duel.route}: {duel.ratio:.2f} x bare"
            for duel in ours
            if duel.ratio > CPU[duel.variant].get(duel.route, duel.ratio)
        ),
        *(f"{duel.variant}, {duel.route}: p99 {duel.tail:.1f} x bare" for duel in ours if duel.tail > TAIL),
        *(
            f"{hold.variant}: holds a request for {hold.milliseconds:.2f} ms"
            for hold in holds
            if hold.variant in CPU and hold.milliseconds > HOLD_MS
        ),
    ]
