# SPDX-License-Identifier: Apache-2.0
"""Months counted from one anchor."""

from datetime import date

import pytest

from app.domain.calendar import add_months, due_dates, months_and_days
from app.domain.errors import InvalidDate


@pytest.mark.parametrize(
    ("anchor", "months", "moved"),
    [
        (date(2024, 1, 31), 0, date(2024, 1, 31)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 1, 31), 2, date(2024, 3, 31)),
        (date(2024, 12, 15), 1, date(2025, 1, 15)),
        (date(2024, 11, 30), 13, date(2025, 12, 30)),
        (date(2024, 1, 15), -1, date(2023, 12, 15)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
        (date(2024, 5, 1), -28, date(2022, 1, 1)),
        (date(9999, 11, 30), 1, date(9999, 12, 30)),
    ],
)
def test_a_date_moves_by_whole_months_and_stays_in_them(anchor: date, months: int, moved: date) -> None:
    assert add_months(anchor, months) == moved


def test_due_dates_return_to_the_day_of_their_anchor_after_a_short_month() -> None:
    assert due_dates(date(2024, 1, 31), 3) == (date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31))


@pytest.mark.parametrize(
    ("first", "count"), [(date(9999, 12, 31), 1), (date(9999, 1, 31), 12), (date(9950, 1, 1), 600)]
)
def test_the_last_month_of_the_calendar_can_be_used(first: date, count: int) -> None:
    dates = due_dates(first, count)

    assert (len(dates), dates[-1].year, dates[-1].month) == (count, 9999, 12)


@pytest.mark.parametrize(("first", "count"), [(date(9999, 12, 31), 2), (date(9999, 2, 1), 12), (date(9950, 2, 1), 600)])
def test_a_last_due_date_beyond_the_calendar_is_refused(first: date, count: int) -> None:
    with pytest.raises(InvalidDate) as refusal:
        due_dates(first, count)

    (fault,) = refusal.value.faults
    assert (fault.field, fault.code) == ("first_due_on", "out_of_range")
    assert fault.message == "A day whose last due date is before 10000 is expected."


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2024, 1, 1), date(2024, 2, 1), (1, 0)),
        (date(1978, 2, 10), date(1978, 4, 1), (1, 19)),  # Regulation Z Appendix J (c)(1)(ii)
        (date(2024, 1, 31), date(2024, 2, 29), (0, 29)),
        (date(2024, 2, 29), date(2024, 3, 31), (1, 0)),  # the end's month before is clamped to the start
        (date(2024, 3, 1), date(2024, 3, 31), (0, 30)),
        (date(2023, 12, 15), date(2024, 1, 14), (0, 30)),
        (date(2023, 11, 15), date(2025, 1, 15), (14, 0)),
        (date(2024, 5, 5), date(2024, 5, 5), (0, 0)),
    ],
)
def test_whole_months_are_counted_back_and_the_days_are_what_is_left(
    start: date, end: date, expected: tuple[int, int]
) -> None:
    assert months_and_days(start, end) == expected
