# SPDX-License-Identifier: Apache-2.0
"""The ledger is checked as a whole at first and while anything is wrong, else only where it is new."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import pytest
from psycopg2.extensions import connection

from app.storage.ledger_checks import FULL_CHECK_SECONDS, OVERLAP, LedgerChecks

SESSION = cast("connection", None)
EVERY = 60.0


@dataclass
class Check:
    """What a reconciliation found."""

    violations: dict[str, int] = field(default_factory=dict)
    imbalance_minor: dict[str, int] = field(default_factory=dict)


@dataclass
class Ledger:
    """A ledger whose state is set by hand, and the calls of it."""

    state: Check | Exception = field(default_factory=Check)
    asked: list[datetime | None] = field(default_factory=list)

    def reconcile(self, connection: connection, since: datetime | None = None) -> Check:  # noqa: ARG002  # the port's
        self.asked.append(since)
        if isinstance(self.state, Exception):
            raise self.state
        return self.state


@pytest.fixture
def ledger() -> Ledger:
    """Give a ledger that is right."""
    return Ledger()


@pytest.fixture
def checks(ledger: Ledger) -> LedgerChecks:
    """Give its checks."""
    return LedgerChecks(ledger.reconcile, EVERY)


def whole(ledger: Ledger) -> list[bool]:
    return [since is None for since in ledger.asked]


def test_after_a_whole_check_only_what_is_new_is_looked_at(ledger: Ledger, checks: LedgerChecks) -> None:
    for _ in range(3):
        checks.run(SESSION)

    assert whole(ledger) == [True, False, False]


def test_what_was_under_way_at_the_last_check_is_looked_at_again(ledger: Ledger, checks: LedgerChecks) -> None:
    checks.run(SESSION)
    checks.run(SESSION)

    since = ledger.asked[1]
    assert since is not None
    assert (datetime.now(since.tzinfo) - since) >= OVERLAP


@pytest.mark.parametrize("wrong", [Check({"I4": 1}), Check({}, {"EUR": -1})])
def test_while_anything_is_wrong_everything_is_looked_at(ledger: Ledger, checks: LedgerChecks, wrong: Check) -> None:
    checks.run(SESSION)
    ledger.state = wrong
    checks.run(SESSION)
    checks.run(SESSION)
    ledger.state = Check()
    checks.run(SESSION)
    checks.run(SESSION)

    assert whole(ledger) == [True, False, True, True, False]


def test_every_hour_everything_is_looked_at(
    ledger: Ledger, checks: LedgerChecks, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    checks.run(SESSION)
    checks.run(SESSION)
    now += FULL_CHECK_SECONDS
    checks.run(SESSION)

    assert whole(ledger) == [True, False, True]


def test_a_failed_check_reports_nothing_and_is_repeated(ledger: Ledger, checks: LedgerChecks) -> None:
    checks.run(SESSION)
    ledger.state = RuntimeError()
    with pytest.raises(RuntimeError):
        checks.run(SESSION)

    assert checks.last is None
    assert not checks.due()
    ledger.state = Check()
    checks.run(SESSION)
    assert whole(ledger) == [True, False, True]


def test_it_is_due_at_once_and_then_at_its_pace(checks: LedgerChecks, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    due = [checks.due()]
    checks.run(SESSION)
    due.append(checks.due())
    now += EVERY
    due.append(checks.due())

    assert due == [True, False, True]


def test_a_violation_is_reported_once_when_it_is_found(
    ledger: Ledger, checks: LedgerChecks, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for state in (Check({"I4": 0}), Check({"I4": 1}), Check({"I4": 2}), Check({"I4": 2, "I7": 1})):
            ledger.state = state
            checks.run(SESSION)

    assert [(record.message, vars(record)["loan.invariant"]) for record in caplog.records] == [
        ("ledger_invariant_violated", "I4"),
        ("ledger_invariant_violated", "I7"),
    ]
    assert {record.levelname for record in caplog.records} == {"ERROR"}
