# SPDX-License-Identifier: Apache-2.0
"""Concurrent changes of one loan or borrower are made one after the other, each once."""

from app.domain.events import LoanDisbursed, LoanPaidOff
from tests.concurrency.books import assert_books_right
from tests.concurrency.borrowing import (
    PRINCIPAL_MINOR,
    approved,
    booked,
    disbursement,
    money,
    payoff_minor,
    running,
)
from tests.concurrency.crowd import Crowd, at_once, document, poster, statuses
from tests.concurrency.limits import CLIENTS
from tests.concurrency.scenarios import (
    assert_all_booked,
    assert_one_changed,
    assert_one_decided,
    shares,
    two_changes,
    two_decisions,
)
from tests.conftest import execute

ROUNDS = 10
LATE = "2024-06-15"  # 135 days after the first due date: what is unpaid may be charged off


def test_fifty_shares_of_an_installment_all_count(crowd: Crowd) -> None:
    assert_all_booked(shares(crowd, CLIENTS))


def test_of_fifty_payoffs_one_is_taken(crowd: Crowd) -> None:
    loan = running(crowd)
    body = money(payoff_minor(crowd.client(), loan))

    answers = at_once(*(poster(crowd, f"{loan.path}/repayments", body, f"p{n}") for n in range(CLIENTS)))

    assert statuses(answers) == [201] + [409] * (CLIENTS - 1)
    assert len(booked(crowd.database, loan.id, "payoff")) == 1
    assert document(crowd.client().get(loan.path))["outstanding_principal_minor"] == 0
    assert crowd.count(LoanPaidOff) == 1
    assert_books_right(crowd.database)


def test_of_approval_and_rejection_one_holds(crowd: Crowd) -> None:
    for _ in range(100):
        assert_one_decided(two_decisions(crowd))
    assert_books_right(crowd.database)


def test_a_loan_is_paid_out_once(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        path = approved(crowd)

        answers = at_once(*(poster(crowd, f"{path}/disburse", disbursement()) for _ in range(2)))

        assert statuses(answers) == [201, 409]
        assert booked(crowd.database, path.rpartition("/")[2], "disbursement") == [(1, PRINCIPAL_MINOR)]
    assert crowd.count(LoanDisbursed) == ROUNDS
    assert_books_right(crowd.database)


def test_a_repayment_and_a_charge_off_take_turns(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        loan = running(crowd)
        repay = poster(crowd, f"{loan.path}/repayments", money(loan.installment_minor, LATE))
        write_off = poster(crowd, f"{loan.path}/charge-off", {"effective_on": LATE})

        paid, written_off = at_once(repay, write_off)

        # Who pays first is no longer late enough; who pays after the charge-off recovers.
        assert (document(paid)["kind"], written_off.status_code) in {("repayment", 409), ("recovery", 201)}
    assert_books_right(crowd.database)


def test_a_repayment_and_a_reversal_take_turns(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        loan = running(crowd)
        first = document(crowd.client().post(f"{loan.path}/repayments", json=money(100)))["id"]
        undo = poster(crowd, f"{loan.path}/transactions/{first}/reverse", {"effective_on": LATE})
        repay = poster(crowd, f"{loan.path}/repayments", money(200, LATE))

        undone, paid = at_once(undo, repay)

        # Only the last payment can be reversed.
        assert (undone.status_code, document(paid)["seq"]) in {(201, 4), (409, 3)}
    assert_books_right(crowd.database)


def test_two_reversals_of_one_payment_undo_it_once(crowd: Crowd) -> None:
    loan = running(crowd)
    first = document(crowd.client().post(f"{loan.path}/repayments", json=money(100)))["id"]

    answers = at_once(
        *(poster(crowd, f"{loan.path}/transactions/{first}/reverse", {"effective_on": LATE}) for _ in range(8))
    )

    assert statuses(answers) == [201] + [409] * 7
    assert_books_right(crowd.database)


def test_a_change_of_a_version_that_another_client_changed_is_refused(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        execute(crowd.database, "UPDATE borrower SET full_name = 'Ada Example', phone = NULL")

        assert_one_changed(crowd, two_changes(crowd))
