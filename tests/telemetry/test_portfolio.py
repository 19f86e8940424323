# SPDX-License-Identifier: Apache-2.0
"""The portfolio's gauges have the values of the last snapshot, and none without a fresh one."""

from dataclasses import dataclass, field

import pytest

from app import telemetry
from app.domain.delinquency import Bucket
from app.domain.money import Currency
from app.services.portfolio import Holding, PortfolioSnapshot
from app.telemetry import portfolio
from tests.telemetry.conftest import Observed

GAUGES = ("loan.portfolio.outstanding", "loan.portfolio.loans", "loan.ledger.imbalance", "loan.invariant.violations")


@dataclass
class Check:
    """What a reconciliation found."""

    violations: dict[str, int] = field(default_factory=dict)
    imbalance_minor: dict[str, int] = field(default_factory=dict)


HOLDINGS = {(Currency.EUR, Bucket.DAYS_30_59): Holding(2, 1_500), (Currency.JPY, Bucket.CURRENT): Holding(1, 900)}
SNAPSHOT = PortfolioSnapshot(HOLDINGS, Check({"I4": 3}, {"EUR": -7}))


def values(observed: Observed, gauge: str) -> dict[tuple[str, ...], float]:
    """Give a gauge's values above or below zero by their labels."""
    points = observed.points(gauge)
    return {tuple(value for _, value in sorted(each.attributes.items())): each.value for each in points if each.value}


def test_a_worker_that_does_not_watch_reports_nothing(observed: Observed) -> None:
    assert [observed.points(gauge) for gauge in GAUGES] == [[], [], [], []]


def test_a_snapshot_is_reported_by_currency_and_bucket(observed: Observed) -> None:
    telemetry.observe_portfolio(SNAPSHOT)

    assert values(observed, "loan.portfolio.outstanding") == {("EUR", "30-59"): 1_500, ("JPY", "current"): 900}
    assert values(observed, "loan.portfolio.loans") == {("EUR", "30-59"): 2, ("JPY", "current"): 1}
    assert values(observed, "loan.ledger.imbalance") == {("EUR",): -7}
    assert values(observed, "loan.invariant.violations") == {("I4",): 3}


def test_what_there_is_none_of_is_zero_and_not_absent(observed: Observed) -> None:
    telemetry.observe_portfolio(PortfolioSnapshot({}, Check()))

    assert [len(observed.points(gauge)) for gauge in GAUGES] == [60, 60, 10, 10]
    assert [values(observed, gauge) for gauge in GAUGES] == [{}, {}, {}, {}]


def test_before_the_first_check_nothing_shows_that_the_ledger_is_right(observed: Observed) -> None:
    telemetry.observe_portfolio(PortfolioSnapshot(HOLDINGS))

    assert values(observed, "loan.portfolio.loans") != {}
    assert observed.points("loan.ledger.imbalance") == []
    assert observed.points("loan.invariant.violations") == []


def test_who_does_not_watch_any_more_reports_nothing(observed: Observed) -> None:
    telemetry.observe_portfolio(SNAPSHOT)

    telemetry.observe_portfolio(None)

    assert [observed.points(gauge) for gauge in GAUGES] == [[], [], [], []]


def test_a_snapshot_that_is_too_old_is_not_reported_as_now(observed: Observed, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    telemetry.observe_portfolio(SNAPSHOT)

    now += portfolio.STALE_SECONDS
    fresh = observed.points("loan.portfolio.loans")
    now += 1
    stale = observed.points("loan.portfolio.loans")

    assert fresh
    assert stale == []


def test_the_page_shows_the_gauges_of_the_worker_that_watches(observed: Observed) -> None:
    telemetry.observe_portfolio(SNAPSHOT)

    page = observed.client.get("/metrics").text

    line = 'loan_portfolio_outstanding{worker="0",loan_currency="EUR",loan_delinquency_bucket="30-59"} 1500.0'
    assert line in page.splitlines()
