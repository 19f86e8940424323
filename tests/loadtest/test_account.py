# SPDX-License-Identifier: Apache-2.0
"""The load test's own account of a loan agrees with the service's answers, and its schedule adds up."""

from datetime import date
from typing import Any

import pytest

from loadtest.account import Account
from loadtest.answers import wrong_in_account, wrong_in_booking
from loadtest.schedules import wrong_in_paid, wrong_in_quote, wrong_in_rows, wrong_in_schedule, wrong_in_statement

# 100.00 over two months at 12 %.
ROWS: list[dict[str, Any]] = [
    {"due_on": "2026-02-01", "opening_balance_minor": 10_000, "principal_minor": 4_975, "interest_minor": 100},
    {"due_on": "2026-03-01", "opening_balance_minor": 5_025, "principal_minor": 5_025, "interest_minor": 50},
]
TOTALS = {"total_principal_minor": 10_000, "total_interest_minor": 150, "total_fee_minor": 0, "total_minor": 10_150}
DUE, DISBURSED = date(2026, 2, 1), date(2026, 1, 1)


@pytest.fixture
def account() -> Account:
    """Give a loan on which nothing was paid."""
    return Account("loan-1", "borrower-1", "EUR", DISBURSED, ROWS)


def shown(**changes: object) -> dict[str, Any]:
    """Give the fresh loan as the service shows it 10 days after the first due date."""
    loan = {
        "status": "active",
        "outstanding_principal_minor": 10_000,
        "next_due_on": "2026-02-01",
        "recoverable_minor": 0,
        "days_past_due": 10,
        "version": 3,
        "as_of": "2026-02-11",
    }
    return loan | changes


def booking(**changes: object) -> dict[str, Any]:
    """Give the booking that pays the first installment."""
    parts = {"amount_minor": 5_075, "principal_minor": 4_975, "interest_minor": 100, "fee_minor": 0}
    return {"kind": "repayment", "seq": 2, **parts, **changes}


def schedule(**changes: object) -> dict[str, Any]:
    """Give the schedule as the service shows it."""
    unpaid = {"fee_minor": 0, "paid_principal_minor": 0}
    return {"installments": [{**row, **unpaid} for row in ROWS], **TOTALS, **changes}


def test_a_fresh_account_is_as_the_service_shows_it(account: Account) -> None:
    assert wrong_in_account(shown(), account) is None
    assert wrong_in_account(None, account) == "the loan is not an object"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "paid_off"},
        {"outstanding_principal_minor": 9_999},
        {"next_due_on": "2026-03-01"},
        {"days_past_due": 9},
        {"version": 4},
        {"recoverable_minor": 1},
    ],
)
def test_what_was_not_booked_is_noticed(account: Account, change: dict[str, Any]) -> None:
    assert wrong_in_account(shown(**change), account) == f"{next(iter(change))} differ from what was booked"


def test_payments_end_the_loan_and_one_can_be_taken_back(account: Account) -> None:
    account.paid(DUE, "t-1")
    assert (account.outstanding_minor, account.next_due_on, account.last_payment) == (5_025, "2026-03-01", "t-1")

    account.taken_back(DUE)
    assert (account.outstanding_minor, account.bookings, account.last_payment) == (10_000, 3, None)

    account.paid(DUE, "t-2")
    account.paid(date(2026, 3, 1), "t-3")
    assert (account.status, account.outstanding_minor, account.next_due_on, account.version) == ("paid_off", 0, None, 7)


def test_a_fee_is_paid_with_the_oldest_installment(account: Account) -> None:
    account.fee_minor = 2_500
    account.booked(DUE)

    assert (account.due_minor, account.parts_of_next()) == (7_575, (4_975, 100, 2_500))
    account.paid(DUE, "t-1")
    assert (account.fee_minor, account.last_payment) == (0, None)


def test_of_a_written_off_loan_the_principal_may_still_come_in(account: Account) -> None:
    account.ended(date(2026, 8, 1), "charged_off")

    assert (account.recoverable_minor, account.outstanding_minor, account.days_late(date(2026, 9, 1))) == (10_000, 0, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "None"),
        ({"kind": "payoff"}, "no repayment"),
        ({"interest_minor": 99}, "other parts"),
        ({"amount_minor": 5_076}, "do not add up"),
        ({"seq": 3}, "not the next"),
    ],
)
def test_a_booking_is_the_next_one_with_its_parts(account: Account, change: dict[str, Any], words: str) -> None:
    assert words in str(wrong_in_booking(booking(**change), "repayment", (4_975, 100, 0), account))


def test_an_answer_that_is_no_object_is_wrong(account: Account) -> None:
    wrongs = [
        wrong_in_booking(None, "repayment", (1, 0, 0), account),
        wrong_in_schedule(None, 1),
        wrong_in_quote(None, {}),
        wrong_in_statement(None, account),
    ]

    assert all(wrong and wrong.endswith("not an object") for wrong in wrongs)


def test_a_schedule_repays_the_principal_row_by_row() -> None:
    assert wrong_in_rows(ROWS, 10_000) is None
    assert wrong_in_rows(ROWS, 10_001) == "the schedule does not repay the principal"
    gap = [ROWS[0], ROWS[1] | {"opening_balance_minor": 5_026}]
    assert wrong_in_rows(gap, 10_000) == "a row does not begin where the one before it ended"
    still = [ROWS[0], ROWS[1] | {"due_on": "2026-02-01"}]
    assert wrong_in_rows(still, 10_000) == "the due dates do not rise"


def test_totals_are_sums() -> None:
    assert wrong_in_schedule(schedule(), 10_000) is None
    assert wrong_in_schedule(schedule(total_interest_minor=151), 10_000) == "the schedule's totals are not sums"
    assert wrong_in_schedule(schedule(total_minor=1), 10_000) == "the schedule's total is no sum"


def test_a_schedule_shows_what_was_paid(account: Account) -> None:
    assert wrong_in_paid(schedule(), account) is None
    account.paid(DUE, "t-1")
    assert wrong_in_paid(schedule(), account) == "the schedule's paid principal is not what was paid"


QUOTE = {
    "schedule": [{**row, "payment_minor": row["principal_minor"] + row["interest_minor"]} for row in ROWS],
    "installment_minor": 5_075,
    "total_interest_minor": 150,
    "total_minor": 10_150,
    "apr": [{"method": "us_reg_z_actuarial"}, {"method": "eu_2008_48_ec_effective"}],
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "None"),
        ({"schedule": []}, "not one row a month"),
        ({"total_minor": 10_151}, "not sums"),
        ({"apr": []}, "not both rates"),
        ({"installment_minor": 1}, "not equal"),
    ],
)
def test_a_quote_has_its_totals_and_both_rates(change: dict[str, Any], words: str) -> None:
    assert words in str(wrong_in_quote({**QUOTE, **change}, {"principal_minor": 10_000, "term_months": 2}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "None"),
        ({"opening_balance_minor": 1}, "does not add up"),
        ({"lines": [{"principal_change_minor": 4_000}, {"principal_change_minor": 6_000}]}, "a line for each booking"),
        ({"lines": [{"principal_change_minor": 1}], "closing_balance_minor": 1}, "does not close with what is owed"),
    ],
)
def test_a_statement_adds_up_to_what_is_owed(account: Account, change: dict[str, Any], words: str) -> None:
    lines = [{"principal_change_minor": 10_000}]
    statement = {"opening_balance_minor": 0, "lines": lines, "closing_balance_minor": 10_000, **change}

    assert words in str(wrong_in_statement(statement, account))
