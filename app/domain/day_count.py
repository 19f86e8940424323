# SPDX-License-Identifier: Apache-2.0
"""How long a period is under the conventions of bonds and loans; a start is never after its end.

Sources: 2006 ISDA Definitions, section 4.16: (b) actual/actual, (d) actual/365 fixed, (f) 30/360, (g) 30E/360.
"""

from calendar import isleap
from datetime import date
from fractions import Fraction

from app.domain.calendar import MONTHS_PER_YEAR

DAYS_PER_MONTH = 30
DAYS_PER_YEAR = 365


def days_30_360(start: date, end: date) -> int:
    """Count days in months of 30, ISDA's bond basis: an end on the 31st is the 30th only if the start is 30 or 31."""
    first_day = min(start.day, DAYS_PER_MONTH)
    last_day = min(end.day, DAYS_PER_MONTH) if first_day == DAYS_PER_MONTH else end.day
    return _months_between(start, end) * DAYS_PER_MONTH + last_day - first_day


def days_30e_360(start: date, end: date) -> int:
    """Count days in months of 30, the Eurobond way: every 31st is the 30th."""
    days = min(end.day, DAYS_PER_MONTH) - min(start.day, DAYS_PER_MONTH)
    return _months_between(start, end) * DAYS_PER_MONTH + days


def years_actual_365(start: date, end: date) -> Fraction:
    """Give the years between two days, each day a 365th, in leap years too."""
    return Fraction((end - start).days, DAYS_PER_YEAR)


def years_actual_actual(start: date, end: date) -> Fraction:
    """Give the years between two days, each day a 366th if it is in a leap year, else a 365th (ISDA)."""
    return _position(end) - _position(start)


def _months_between(start: date, end: date) -> int:
    return (end.year - start.year) * MONTHS_PER_YEAR + end.month - start.month


def _position(day: date) -> Fraction:
    """Place a day on the axis of years."""
    passed = (day - date(day.year, 1, 1)).days
    return day.year + Fraction(passed, DAYS_PER_YEAR + isleap(day.year))
