# SPDX-License-Identifier: Apache-2.0
"""How the whole portfolio stands at a moment: what is outstanding, how late it is, and whether the ledger is right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.delinquency import Bucket
from app.domain.money import Currency


@dataclass(frozen=True)
class Holding:
    """Active loans, and the principal that is outstanding on them in minor units."""

    loans: int
    outstanding_minor: int


class LedgerCheck(Protocol):
    """What a reconciliation found."""

    @property
    def violations(self) -> Mapping[str, int]:
        """Count the violations by invariant (I1 to I10)."""
        ...

    @property
    def imbalance_minor(self) -> Mapping[str, int]:
        """Give what debits and credits differ by, in minor units by currency."""
        ...


@dataclass(frozen=True)
class PortfolioSnapshot:
    """The active loans by currency and lateness, and the last check of the ledger; None before the first."""

    holdings: Mapping[tuple[Currency, Bucket], Holding] = field(default_factory=dict)
    check: LedgerCheck | None = None


PortfolioSink = Callable[[PortfolioSnapshot | None], None]  # None: this process does not watch (any more)
