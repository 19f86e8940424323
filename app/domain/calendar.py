# SPDX-License-Identifier: Apache-2.0
"""Due dates: months counted from one anchor, so that a short February does not shorten the months after it."""

from calendar import monthrange
from datetime import MAXYEAR, date

from app.domain.errors import InvalidDate

MONTHS_PER_YEAR = 12


def add_months(anchor: date, months: int) -> date:
    """Move a date by whole months, clamped to the end of the month; raise ValueError beyond the years 1 to 9999."""
    years, month = divmod(anchor.month - 1 + months, MONTHS_PER_YEAR)
    year = anchor.year + years
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def due_dates(first_due_on: date, count: int) -> tuple[date, ...]:
    """Give the due dates of that many monthly installments; raise InvalidDate when the last is beyond the calendar."""
    last_month = first_due_on.month - 1 + count - 1
    if first_due_on.year + last_month // MONTHS_PER_YEAR > MAXYEAR:
        raise InvalidDate(
            "first_due_on", "out_of_range", f"A day whose last due date is before {MAXYEAR + 1} is expected."
        )
    return tuple(add_months(first_due_on, months) for months in range(count))


def months_and_days(start: date, end: date) -> tuple[int, int]:
    """Count the whole months back from the end that do not pass the start, and the days that are left before them."""
    months = (end.year - start.year) * MONTHS_PER_YEAR + end.month - start.month
    if add_months(end, -months) < start:
        months -= 1
    return months, (add_months(end, -months) - start).days
