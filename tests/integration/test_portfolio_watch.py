# SPDX-License-Identifier: Apache-2.0
"""One process watches the portfolio and reports the tables' content; when it ends, another takes over."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from psycopg2.extensions import connection

from app.domain.delinquency import bucket_of, days_past_due
from app.domain.money import Currency
from app.services.portfolio import Holding, PortfolioSnapshot
from app.storage.ledger_checks import Reconcile
from app.storage.portfolio import PortfolioWatch
from app.storage.reconcile import reconcile_session
from app.storage.waiting import bound_waits
from app.telemetry.portfolio import INVARIANTS
from stack.ports import HOST, free_port
from tests.conftest import execute

PAUSE = 0.05
PATIENCE = 5.0
BACKEND = "application_name = 'loan-service-portfolio'"


@dataclass
class Check:
    """A ledger that is right by default."""

    violations: dict[str, int] = field(default_factory=dict)
    imbalance_minor: dict[str, int] = field(default_factory=dict)


def all_is_well(connection: connection, since: datetime | None = None) -> Check:  # noqa: ARG001  # the port's names
    return Check()


class Seen(list[PortfolioSnapshot | None]):
    """What a sink was given."""

    def leads(self) -> bool:
        return bool(self) and self[-1] is not None

    def gave_up(self) -> bool:
        return bool(self) and self[-1] is None


@contextmanager
def watching(url: str, seen: Seen, reconcile: Reconcile = all_is_well) -> Iterator[PortfolioWatch]:
    watch = PortfolioWatch(url, seen.append, reconcile, every_seconds=PAUSE, check_seconds=PAUSE)
    watch.start()
    yield watch
    watch.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def lend(url: str, status: str = "active", due_on: date | None = None, outstanding: int = 100) -> None:
    """Write a loan with what the watch reads of it."""
    borrower, due = uuid4(), f"'{due_on}'" if due_on else "NULL"
    columns = (
        "id, client_id, borrower_id, currency, principal_minor, annual_rate_percent, term_months, status, submitted_by,"
        " applied_at, outstanding_principal_minor, recoverable_minor, next_due_on, last_seq, version"
    )
    values = (
        f"'{uuid4()}', 'c', '{borrower}', 'EUR', 1000, 5, 12, '{status}', 'c', now(), {outstanding}, 0, {due}, 1, 1"
    )
    execute(
        url,
        "INSERT INTO borrower (id, client_id, version, erased_at, created_at)"  # noqa: S608  # made here
        f" VALUES ('{borrower}', 'c', 1, now(), now()); INSERT INTO loan ({columns}) VALUES ({values})",
    )


def test_active_loans_are_counted_in_the_domains_buckets(database: str) -> None:
    bound_waits()
    today = datetime.now(UTC).date()
    due = [None, *(today - timedelta(days) for days in (-5, 0, 1, 29, 30, 59, 60, 89, 90, 119, 120, 4000))]
    for due_on in due:
        lend(database, due_on=due_on)
    lend(database, "approved", outstanding=0)
    seen = Seen()

    with watching(database, seen):
        wait_until(seen.leads)

    assert seen[0] is not None
    buckets = [bucket_of(days_past_due(due_on, today)) for due_on in due]
    assert seen[0].holdings == {
        (Currency.EUR, bucket): Holding(buckets.count(bucket), 100 * buckets.count(bucket)) for bucket in set(buckets)
    }


def test_only_one_watches_and_when_it_goes_the_other_does(database: str) -> None:
    first, second = Seen(), Seen()

    with watching(database, first) as leader:
        wait_until(first.leads)
        with watching(database, second):
            time.sleep(4 * PAUSE)
            silent = list(second)
            leader.stop()
            wait_until(second.leads)

    assert silent == []
    assert first.gave_up()
    assert second.gave_up()


def test_a_lost_connection_ends_the_watch_and_a_new_one_begins(database: str, caplog: pytest.LogCaptureFixture) -> None:
    seen = Seen()

    with watching(database, seen), caplog.at_level(logging.INFO):
        wait_until(seen.leads)
        execute(database, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {BACKEND}")  # noqa: S608
        wait_until(lambda: None in seen)
        wait_until(seen.leads)

    [record] = [record for record in caplog.records if record.message == "portfolio_watch_failed"]
    assert record.levelname == "WARNING"


def test_a_database_that_is_away_is_reported_once_and_retried(caplog: pytest.LogCaptureFixture) -> None:
    seen = Seen()

    with watching(f"postgresql://x:secret-canary@{HOST}:{free_port()}/x", seen):
        time.sleep(5 * PAUSE)

    assert seen == []
    assert [record.message for record in caplog.records] == ["portfolio_watch_failed"]
    assert "canary" not in str(vars(caplog.records[0]))


def test_a_check_that_fails_is_reported_once_and_the_portfolio_is_still_read(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    seen, tries = Seen(), []

    def fail(connection: connection, since: datetime | None = None) -> Check:  # noqa: ARG001
        tries.append(since)
        raise ZeroDivisionError

    with watching(database, seen, fail):
        wait_until(lambda: len(tries) > 2)

    assert None not in seen[:-1]
    assert {snapshot.check for snapshot in seen if snapshot} == {None}
    assert [vars(record)["error.type"] for record in caplog.records] == ["ZeroDivisionError"]


def test_a_check_sees_one_moment_and_can_write_nothing(database: str) -> None:
    asked: list[object] = []
    seen = Seen()

    def ask(connection: connection, since: datetime | None = None) -> Check:  # noqa: ARG001
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            asked.extend(cursor.fetchall())
            cursor.execute("SHOW transaction_read_only")
            asked.extend(cursor.fetchall())
        return Check({"I4": 2})

    with watching(database, seen, ask):
        wait_until(lambda: any(snapshot and snapshot.check for snapshot in seen))

    assert asked[:2] == [("repeatable read",), ("on",)]
    checks = [snapshot.check for snapshot in seen if snapshot and snapshot.check]
    assert checks[0].violations == {"I4": 2}


def test_the_reconciliation_runs_on_the_watchs_connection(database: str) -> None:
    lend(database)  # outstanding, without a transaction for it
    seen = Seen()

    with watching(database, seen, reconcile_session):
        wait_until(lambda: any(snapshot and snapshot.check for snapshot in seen))

    [check, *_] = [snapshot.check for snapshot in seen if snapshot and snapshot.check]
    assert check.violations["I3"] == 1
    assert set(check.violations) == set(INVARIANTS)


def test_a_stop_does_not_wait_for_what_is_under_way(database: str) -> None:
    began, release = threading.Event(), threading.Event()

    def hang(connection: connection, since: datetime | None = None) -> Check:  # noqa: ARG001
        began.set()
        release.wait(PATIENCE)
        return Check()

    with watching(database, Seen(), hang) as watch:
        assert began.wait(PATIENCE)
        started = time.monotonic()
        watch.stop()
        took = time.monotonic() - started
        release.set()

    assert took < 4.0  # it gives up after 0.5 s; what is under way takes 5 s


def test_stopping_what_was_never_started_is_no_trouble(database: str) -> None:
    seen = Seen()

    PortfolioWatch(database, seen.append, all_is_well).stop()

    assert not seen


def test_between_two_checks_only_the_portfolio_is_read(database: str) -> None:
    seen, checks = Seen(), []

    def count(_session: connection, since: datetime | None = None) -> Check:
        checks.append(since)
        return Check()

    watch = PortfolioWatch(database, seen.append, count, every_seconds=PAUSE, check_seconds=3600)
    watch.start()
    wait_until(lambda: len(seen) >= 4)
    watch.stop()

    assert checks == [None]
