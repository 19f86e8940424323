# SPDX-License-Identifier: Apache-2.0
"""What holds for all due dates."""

from calendar import monthrange
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import add_months, due_dates, months_and_days
from app.domain.day_count import days_30_360, days_30e_360, years_actual_actual

DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 12, 31))


@given(DAYS, st.integers(min_value=1, max_value=600))
def test_due_dates_keep_the_anchors_day_or_the_months_last(first: date, count: int) -> None:
    dates = due_dates(first, count)

    assert [12 * day.year + day.month for day in dates] == [12 * first.year + first.month + n for n in range(count)]
    assert all(day.day == min(first.day, monthrange(day.year, day.month)[1]) for day in dates)


@given(DAYS, st.integers(min_value=0, max_value=1000))
def test_months_and_days_lead_back_to_the_start(end: date, days_before: int) -> None:
    start = end - timedelta(days_before)

    months, days = months_and_days(start, end)

    assert add_months(end, -months) - timedelta(days) == start
    assert months >= 0
    assert 0 <= days <= 30


@given(DAYS, DAYS, DAYS)
def test_actual_years_add_up(one: date, two: date, three: date) -> None:
    assert years_actual_actual(one, two) + years_actual_actual(two, three) == years_actual_actual(one, three)


@given(DAYS, st.integers(min_value=0, max_value=1000))
def test_the_two_counts_of_thirty_day_months_differ_by_one_day_at_most(start: date, days: int) -> None:
    end = start + timedelta(days)

    assert days_30_360(start, end) - days_30e_360(start, end) in {0, 1}
