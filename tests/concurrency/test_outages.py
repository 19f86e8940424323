# SPDX-License-Identifier: Apache-2.0
"""The database rolls back, ends or delays a transaction: the answer is quick and correct, and a retry is safe."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.domain.loan import Loan
from app.services.commands import ATTEMPTS
from app.services.events import TransactionRetried
from app.storage.database import LOCK_MILLISECONDS, db
from app.storage.loans import SqlLoans
from tests.concurrency.books import assert_books_right
from tests.concurrency.borrowing import booked, money, running
from tests.concurrency.crowd import Crowd, at_once, held, lock_of, poster, statuses, waiting
from tests.concurrency.limits import warm
from tests.concurrency.outages import answer_of_commit_is_lost, dies_before_commit, setting, terminated
from tests.concurrency.scenarios import assert_loan_busy, assert_succeeds, loan_held_again, replayed, undone_repayment

TOLD_SECONDS = LOCK_MILLISECONDS / 1000 + 1  # a second for the rest of the request, on a busy machine
WAITERS = 40  # of fifty threads: nearly all
KEY = "INSERT INTO idempotency_key (client_id, key, fingerprint, created_at) VALUES ('demo', 'dead', 'f', now())"


def test_a_session_ended_while_it_waits_is_503_and_the_retry_books_once(crowd: Crowd) -> None:
    loan = running(crowd)
    repay = poster(crowd, f"{loan.path}/repayments", money(100), "k")
    with held(crowd.database, lock_of(loan.id)), ThreadPoolExecutor(1) as threads:
        first = threads.submit(repay)
        [pid] = waiting(crowd.database)
        terminated(crowd.database, pid)
        answer = first.result()

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert booked(crowd.database, loan.id) == []
    assert repay().status_code == 201
    assert replayed(repay())
    assert booked(crowd.database, loan.id) == [(2, 100)]
    assert_books_right(crowd.database)


@pytest.mark.parametrize(
    ("trouble", "kept"), [(dies_before_commit, False), (answer_of_commit_is_lost, True)], ids=["before", "after"]
)
def test_a_session_that_ends_around_the_commit_is_503_and_the_retry_shows_its_outcome(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch, trouble: Callable[[pytest.MonkeyPatch, str], None], kept: bool
) -> None:
    loan = running(crowd)
    repay = poster(crowd, f"{loan.path}/repayments", money(100), "k")
    trouble(monkeypatch, crowd.database)

    answer = repay()
    after = booked(crowd.database, loan.id)
    again = repay()

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert after == ([(2, 100)] if kept else [])
    assert again.status_code == 201
    assert replayed(again) is kept
    assert crowd.count(TransactionRetried) == 0  # it may have been committed: nothing is repeated
    assert booked(crowd.database, loan.id) == [(2, 100)]
    assert_books_right(crowd.database)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_a_transaction_that_the_database_undid_is_tried_again(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    retried = undone_repayment(crowd, monkeypatch, sqlstate, ATTEMPTS - 1)

    assert_succeeds(retried)
    assert [fact for fact in crowd.facts if isinstance(fact, TransactionRetried)] == [TransactionRetried(sqlstate)] * 3


def test_a_transaction_that_is_undone_every_time_is_503_and_leaves_nothing(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    gave_up = undone_repayment(crowd, monkeypatch, "40001", ATTEMPTS)

    [answer] = gave_up.answers
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert crowd.count(TransactionRetried) == ATTEMPTS - 1
    assert booked(crowd.database, gave_up.loan.id) == []
    assert poster(crowd, f"{gave_up.loan.path}/repayments", money(100), "undone")().status_code == 201
    assert_books_right(crowd.database)


@pytest.fixture
def soon_found_deadlocks(crowd: Crowd) -> Iterator[None]:
    """Let the service's sessions look for a deadlock long before they give up waiting."""
    with crowd.app.app_context():
        with setting(crowd.database, "deadlock_timeout", "50ms"):
            db.engine.dispose()  # sessions that are open keep the old value
            yield
        db.engine.dispose()
    warm(crowd.app)


@pytest.mark.usefixtures("soon_found_deadlocks")
def test_the_victim_of_a_deadlock_succeeds_when_the_other_is_done(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    loan = running(crowd)
    lock = SqlLoans.lock
    with held(crowd.database, lock_of(loan.id)) as side, ThreadPoolExecutor(1) as threads:

        def want_the_key() -> None:
            side.execute("SET LOCAL deadlock_timeout = '1min'")  # so that the service's session is the one to be undone
            side.execute(KEY)
            side.connection.rollback()

        def once_the_key_is_wanted(loans: SqlLoans, *which: Any) -> Loan | None:  # noqa: ANN401  # as the original
            monkeypatch.setattr(SqlLoans, "lock", lock)
            threads.submit(want_the_key)
            waiting(crowd.database, beside=True)
            return lock(loans, *which)

        monkeypatch.setattr(SqlLoans, "lock", once_the_key_is_wanted)
        answer = poster(crowd, f"{loan.path}/repayments", money(100), "dead")()

    assert answer.status_code == 201
    assert TransactionRetried("40P01") in crowd.facts
    assert booked(crowd.database, loan.id) == [(2, 100)]
    assert_books_right(crowd.database)


def test_who_wants_a_loan_that_another_session_holds_is_answered_in_time_and_no_other_waits(limited: Crowd) -> None:
    race = loan_held_again(limited, TOLD_SECONDS)

    assert race
    assert_loan_busy(race, TOLD_SECONDS)


def test_requests_that_wait_for_one_loan_leave_connections_for_the_others(crowd: Crowd) -> None:
    wanted, other = running(crowd), running(crowd)
    with held(crowd.database, lock_of(wanted.id)) as side, ThreadPoolExecutor(WAITERS) as threads:
        waiters = [threads.submit(poster(crowd, f"{wanted.path}/repayments", money(1))) for _ in range(WAITERS)]
        waiting(crowd.database, WAITERS)
        answers = at_once(*(poster(crowd, f"{other.path}/repayments", money(1)) for _ in range(5)))
        still_waiting = waiting(crowd.database, WAITERS)
        side.connection.rollback()

    assert statuses(answers) == [201] * 5
    assert len(still_waiting) == WAITERS
    assert statuses([waiter.result() for waiter in waiters]) == [201] * WAITERS
    assert_books_right(crowd.database)
