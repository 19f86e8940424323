# SPDX-License-Identifier: Apache-2.0
"""One idempotency key, many requests at the same moment."""

from concurrent.futures import ThreadPoolExecutor

from app.services.events import IdempotencyKeyUsed, KeyOutcome, TransactionRetried
from tests.concurrency.books import assert_books_right
from tests.concurrency.borrowing import LOANS, booked, money, running
from tests.concurrency.crowd import Crowd, at_once, document, held, lock_of, poster, statuses, waiting
from tests.concurrency.limits import CLIENTS
from tests.concurrency.scenarios import BORROWERS, assert_done_once, replayed, same_request
from tests.conftest import execute
from tests.factories import application_body

FIRST_AT_WORK = """
INSERT INTO idempotency_key (client_id, key, fingerprint, created_at) VALUES ('demo', 'slow', 'f', now())
"""


def test_fifty_times_the_same_request_books_once(crowd: Crowd) -> None:
    race = same_request(crowd, CLIENTS)

    assert_done_once(race)
    firsts = [fact for fact in crowd.facts if fact == IdempotencyKeyUsed(KeyOutcome.FIRST)]
    assert len(firsts) == 4  # submitted, approved, disbursed, repaid


def test_of_two_bodies_under_one_key_one_is_booked_and_one_refused(crowd: Crowd) -> None:
    loan = running(crowd)
    for number in range(20):
        before = booked(crowd.database, loan.id)
        answers = at_once(
            *(poster(crowd, f"{loan.path}/repayments", money(amount), f"k{number}") for amount in (100, 101))
        )

        [winner] = [answer for answer in answers if answer.status_code == 201]
        [loser] = [answer for answer in answers if answer.status_code == 422]
        assert document(loser)["code"] == "idempotency_key_reused"
        assert booked(crowd.database, loan.id) == [*before, (document(winner)["seq"], document(winner)["amount_minor"])]
    assert_books_right(crowd.database)


def test_a_key_belongs_to_its_client(crowd: Crowd) -> None:
    borrower = {"full_name": "Ann", "email": "ann@mail.example", "country": "GB", "date_of_birth": "1990-01-31"}
    rivals = document(crowd.client("rival").post(BORROWERS, json=borrower))["id"]
    mine, theirs = application_body(), application_body(borrower_id=rivals)
    for number in range(20):
        answers = at_once(poster(crowd, LOANS, mine, f"k{number}"), poster(crowd, LOANS, theirs, f"k{number}", "rival"))

        assert statuses(answers) == [201, 201]
        assert not any(replayed(answer) for answer in answers)
        assert [document(answer)["borrower_id"] for answer in answers] == [mine["borrower_id"], rivals]
    assert execute(crowd.database, "SELECT count(DISTINCT id) FROM loan") == [(40,)]
    assert_books_right(crowd.database)


def test_who_waits_too_long_for_the_first_gets_the_answer_that_it_is_in_flight(limited: Crowd) -> None:
    loan = running(limited)
    repay = poster(limited, f"{loan.path}/repayments", money(100), "slow")
    with held(limited.database, FIRST_AT_WORK):
        answer = repay()

    assert (answer.status_code, document(answer)["code"]) == (409, "idempotency_key_in_flight")
    assert "Retry-After" in answer.headers
    assert limited.count(TransactionRetried) == 0
    assert repay().status_code == 201
    assert booked(limited.database, loan.id) == [(2, 100)]
    assert_books_right(limited.database)


def test_the_second_proceeds_when_the_first_is_refused(crowd: Crowd) -> None:
    loan = running(crowd)
    refused, good = (poster(crowd, f"{loan.path}/repayments", money(amount), "again") for amount in (10**9, 100))
    with held(crowd.database, lock_of(loan.id)) as side, ThreadPoolExecutor(2) as threads:
        first = threads.submit(refused)
        waiting(crowd.database)
        second = threads.submit(good)
        waiting(crowd.database, 2)  # the first for the loan, the second for the first
        side.connection.rollback()

    assert (first.result().status_code, second.result().status_code) == (422, 201)
    assert not replayed(second.result())
    assert_books_right(crowd.database)
