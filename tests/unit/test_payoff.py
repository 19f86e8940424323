# SPDX-License-Identifier: Apache-2.0
"""What ends a loan on a day."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.domain.transaction import Parts
from tests.books import Books
from tests.loan_cases import CASES

OURS = [case for case in CASES["payoff_cases"] if case.get("level", "core") == "core"]


@pytest.mark.parametrize("case", OURS, ids=lambda case: case["id"])
def test_the_published_payoffs_are_ours(case: dict[str, Any]) -> None:
    books = Books.disbursed()
    if isinstance(case["paid"], str):  # all but the last installment
        paid = [(date(2024, month, 1), 1701) for month in range(2, 7)]
    else:
        paid = [(date.fromisoformat(one["date"]), one["amount_minor"]) for one in case["paid"]]
    for on, amount_minor in paid:
        books.pay(amount_minor, on)

    quoted = books.payoff(date.fromisoformat(case["as_of"]))

    expected = case["expected"]
    assert quoted.parts == Parts(expected["principal_minor"], expected["interest_minor"])
    assert quoted.parts.amount_minor == expected["total_minor"]


def test_one_convention_is_not_ours() -> None:
    assert [case["id"] for case in CASES["payoff_cases"] if case not in OURS] == ["P04", "P07"]


def test_a_quote_shows_what_it_spares_and_what_a_day_costs() -> None:
    quoted = Books.disbursed().payoff(date(2024, 1, 15))

    assert quoted.as_of == date(2024, 1, 15)
    assert quoted.interest_rebate_minor == 205 - 26
    assert quoted.per_diem_minor == 2  # 58.33 / 31


def test_after_the_last_due_date_a_day_costs_nothing() -> None:
    assert Books.disbursed().payoff(date(2024, 7, 1)).per_diem_minor == 0


def test_a_day_costs_more_in_a_shorter_month() -> None:
    books = Books.disbursed(1_000_000, "12")

    assert books.payoff(date(2024, 1, 31)).per_diem_minor == 323  # 10,000.00 / 31
    assert books.payoff(date(2024, 2, 1)).per_diem_minor == round(books.rows[2].interest_minor / 29)


def test_fees_are_part_of_it() -> None:
    books = Books.disbursed()
    books.fee(500, date(2024, 1, 15))

    assert books.payoff(date(2024, 1, 15)).parts == Parts(10_000, 26, 500)


def test_interest_that_was_paid_ahead_is_not_given_back() -> None:
    books = Books.disbursed()
    books.pay(1701, date(2024, 1, 10))

    quoted = books.payoff(date(2024, 1, 15))

    assert quoted.parts == Parts(8357, 0)
    assert quoted.interest_rebate_minor == 205 - 58


def test_interest_that_was_paid_in_part_is_owed_in_part() -> None:
    books = Books.disbursed()
    books.pay(20, date(2024, 1, 15))

    assert books.payoff(date(2024, 1, 15)).parts == Parts(10_000, 6)


def test_the_whole_interest_of_late_months_is_owed() -> None:
    books = Books.disbursed()

    assert books.payoff(date(2024, 3, 1)).parts == Parts(10_000, 58 + 49)
    assert books.payoff(date(2030, 1, 1)).parts == Parts(10_000, 205)
    assert books.payoff(date(2030, 1, 1)).interest_rebate_minor == 0


def test_on_its_due_date_an_installment_has_earned_the_interest_of_its_row() -> None:
    books = Books.disbursed()
    books.rows[1] = replace(books.rows[1], interest_minor=57)  # as an older service rounded it

    assert books.payoff(date(2024, 1, 31)).parts.interest_minor == 56  # 58.33 x 30 / 31
    assert books.payoff(date(2024, 2, 1)).parts.interest_minor == 57


def test_the_first_period_is_as_long_as_it_is() -> None:
    books = Books.disbursed(on=date(2024, 1, 1), first_due_on=date(2024, 3, 1))  # 60 days

    assert books.payoff(date(2024, 1, 31)).parts.interest_minor == 29  # 58.33 x 30 / 60


def test_a_month_end_anchor_is_kept() -> None:
    books = Books.disbursed(on=date(2023, 12, 31), first_due_on=date(2024, 1, 31))
    books.pay(1701, date(2024, 1, 31))

    assert [row.due_on.day for row in books.all_rows] == [31, 29, 31, 30, 31, 30]
    assert books.payoff(date(2024, 2, 29)).parts.interest_minor == 49
    assert books.payoff(date(2024, 2, 15)).parts.interest_minor == 25  # 48.75 x 15 / 29
