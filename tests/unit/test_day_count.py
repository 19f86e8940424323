# SPDX-License-Identifier: Apache-2.0
"""How long a period is; the published tables are in test_loan_cases.py."""

from datetime import date
from fractions import Fraction

import pytest

from app.domain.day_count import days_30_360, days_30e_360, years_actual_365, years_actual_actual


@pytest.mark.parametrize(
    ("start", "end", "bond", "euro"),
    [
        (date(2024, 1, 31), date(2024, 3, 31), 60, 60),
        (date(2024, 1, 30), date(2024, 3, 31), 60, 60),
        (date(2024, 1, 29), date(2024, 3, 31), 62, 61),  # the one place where the two differ
        (date(2023, 12, 15), date(2024, 1, 15), 30, 30),
        (date(2024, 5, 5), date(2024, 5, 5), 0, 0),
    ],
)
def test_months_have_thirty_days(start: date, end: date, bond: int, euro: int) -> None:
    assert (days_30_360(start, end), days_30e_360(start, end)) == (bond, euro)


def test_an_actual_365_year_is_longer_than_one_in_leap_years() -> None:
    assert years_actual_365(date(2023, 1, 1), date(2024, 1, 1)) == 1
    assert years_actual_365(date(2024, 1, 1), date(2025, 1, 1)) == Fraction(366, 365)


def test_an_actual_year_is_exactly_one_in_every_year() -> None:
    assert years_actual_actual(date(2023, 1, 1), date(2025, 1, 1)) == 2


def test_days_on_both_sides_of_a_new_year_count_in_their_own_years() -> None:
    assert years_actual_actual(date(2023, 12, 12), date(2024, 1, 12)) == Fraction(20, 365) + Fraction(11, 366)
