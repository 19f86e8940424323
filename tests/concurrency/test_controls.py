# SPDX-License-Identifier: Apache-2.0
"""Without each safeguard, the race that it prevents fails: every safeguard is needed."""

from pathlib import Path

import pytest

from app.storage.database import LOCK_MILLISECONDS
from tests.concurrency import controls
from tests.concurrency.books import errors_in_the_books
from tests.concurrency.borrowing import booked
from tests.concurrency.controls import goes_wrong
from tests.concurrency.crowd import Crowd, document, statuses
from tests.concurrency.scenarios import (
    assert_all_booked,
    assert_done_once,
    assert_loan_busy,
    assert_one_changed,
    assert_one_decided,
    assert_quoted_one_moment,
    assert_succeeds,
    loan_held,
    quoted_between,
    replayed,
    same_request,
    shares,
    two_changes,
    two_decisions,
    undone_repayment,
)
from tests.conftest import execute


def test_without_the_row_lock_an_application_is_approved_and_rejected(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    controls.unlocked_loans(monkeypatch)

    race = two_decisions(crowd)

    goes_wrong(assert_one_decided, race)
    assert statuses(race.answers) == [200, 200]


def test_without_the_row_lock_only_a_constraint_saves_the_books(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    controls.unlocked_loans(monkeypatch)

    race = shares(crowd, 2)

    goes_wrong(assert_all_booked, race)
    assert statuses(race.answers) == [201, 500]
    assert errors_in_the_books(crowd.database) == {}


def test_without_the_row_lock_and_the_constraint_money_is_lost(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    controls.unlocked_loans(monkeypatch)
    with controls.numbers_may_repeat(crowd.database):
        race = shares(crowd, 2)

        goes_wrong(assert_all_booked, race)
        wrong = errors_in_the_books(crowd.database)

    assert statuses(race.answers) == [201, 201]
    # Both took the loan as it was before either, whatever each saw of its installments.
    assert wrong.keys() >= {"outstanding is not the sum of the bookings", "numbers have gaps"}


def test_without_the_borrowers_lock_two_changes_make_one_version(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    controls.unlocked_borrowers(monkeypatch)

    answers = two_changes(crowd)

    goes_wrong(assert_one_changed, crowd, answers)
    assert statuses(answers) == [200, 200]
    assert execute(crowd.database, "SELECT version FROM borrower") == [(2,)]


def test_without_the_kept_keys_one_request_books_twice(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    controls.forgotten_keys(monkeypatch)

    race = same_request(crowd, 8)

    goes_wrong(assert_done_once, race)
    assert len(booked(crowd.database, race.loan.id)) > 1
    assert not any(replayed(answer) for answer in race.answers)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_without_retries_the_client_sees_what_the_database_undid(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    controls.no_retries(monkeypatch)

    race = undone_repayment(crowd, monkeypatch, sqlstate, 1)

    goes_wrong(assert_succeeds, race)
    assert statuses(race.answers) == [503]


def test_without_a_snapshot_nothing_is_quoted_for_a_loan_that_was_owed(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    controls.no_snapshots(monkeypatch)

    quoted = quoted_between(crowd, monkeypatch)

    goes_wrong(assert_quoted_one_moment, quoted)
    assert document(quoted.answer)["amount_minor"] == 0


def test_without_a_lock_timeout_the_answer_takes_as_long_as_a_statement_may(crowd: Crowd, tmp_path: Path) -> None:
    with controls.no_lock_timeout(crowd, tmp_path) as patient:
        race = loan_held(patient)

    goes_wrong(assert_loan_busy, race, LOCK_MILLISECONDS / 1000 + 1)
    assert race.seconds > 2 * LOCK_MILLISECONDS / 1000
