# SPDX-License-Identifier: Apache-2.0
"""Gauges of the whole portfolio; only the process that runs the watch reports them."""

import time
from collections.abc import Iterable
from typing import Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from app.domain.delinquency import Bucket
from app.domain.money import Currency
from app.services.portfolio import Holding, PortfolioSnapshot
from app.telemetry import semconv
from app.telemetry.safety import isolated

# Eight readings. An older snapshot is outdated: a missing value is better than an old one that looks current.
STALE_SECONDS: Final = 120.0
INVARIANTS: Final = tuple(f"I{number}" for number in range(1, 11))
NOTHING: Final = Holding(0, 0)


class _Latest:
    """The snapshot that the gauges read; it is replaced as a whole, so that readers need no lock."""

    def __init__(self) -> None:
        self._taken: tuple[float, PortfolioSnapshot] | None = None

    def put(self, snapshot: PortfolioSnapshot | None) -> None:
        """Replace the snapshot; None removes it."""
        self._taken = None if snapshot is None else (time.monotonic(), snapshot)

    def get(self) -> PortfolioSnapshot | None:
        """Return the snapshot unless it is too old."""
        taken = self._taken
        return taken[1] if taken and time.monotonic() - taken[0] <= STALE_SECONDS else None


_latest = _Latest()


def observe_portfolio(snapshot: PortfolioSnapshot | None) -> None:
    """Report this snapshot from now on; None reports no values."""
    _latest.put(snapshot)


def create_portfolio_gauges(meter: Meter) -> None:
    """Create the gauges; their series never end while one process watches, as Prometheus would show an end too late."""
    meter.create_observable_gauge(
        semconv.LOAN_PORTFOLIO_OUTSTANDING,
        [isolated(_outstanding)],
        "{minor_unit}",
        "Outstanding principal of active loans.",
    )
    meter.create_observable_gauge(semconv.LOAN_PORTFOLIO_LOANS, [isolated(_loans)], "{loan}", "Active loans.")
    meter.create_observable_gauge(
        semconv.LOAN_LEDGER_IMBALANCE, [isolated(_imbalance)], "{minor_unit}", "What debits and credits differ by."
    )
    meter.create_observable_gauge(
        semconv.LOAN_INVARIANT_VIOLATIONS,
        [isolated(_violations)],
        "{violation}",
        "Violations found by the last reconciliation.",
    )


def _outstanding(_options: CallbackOptions) -> Iterable[Observation]:
    return [Observation(holding.outstanding_minor, attributes) for attributes, holding in _holdings()]


def _loans(_options: CallbackOptions) -> Iterable[Observation]:
    return [Observation(holding.loans, attributes) for attributes, holding in _holdings()]


def _holdings() -> Iterable[tuple[dict[str, str], Holding]]:
    if snapshot := _latest.get():
        for currency in Currency:
            for bucket in Bucket:
                attributes = {semconv.LOAN_CURRENCY: currency.value, semconv.LOAN_DELINQUENCY_BUCKET: bucket.value}
                yield attributes, snapshot.holdings.get((currency, bucket), NOTHING)


def _imbalance(_options: CallbackOptions) -> Iterable[Observation]:
    snapshot = _latest.get()
    if snapshot is None or snapshot.check is None:
        return []
    found = snapshot.check.imbalance_minor
    return [Observation(found.get(currency.value, 0), {semconv.LOAN_CURRENCY: currency.value}) for currency in Currency]


def _violations(_options: CallbackOptions) -> Iterable[Observation]:
    snapshot = _latest.get()
    if snapshot is None or snapshot.check is None:
        return []
    found = snapshot.check.violations
    return [Observation(found.get(code, 0), {semconv.LOAN_INVARIANT: code}) for code in INVARIANTS]
