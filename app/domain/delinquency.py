# SPDX-License-Identifier: Apache-2.0
"""How late a loan is: derived as of a date, never stored, so that no nightly job is needed to be right."""

from datetime import date
from enum import StrEnum
from typing import Final


class Bucket(StrEnum):
    """Days past due, as lenders group them."""

    CURRENT = "current"
    DAYS_1_29 = "1-29"
    DAYS_30_59 = "30-59"
    DAYS_60_89 = "60-89"
    DAYS_90_119 = "90-119"
    DAYS_120_UP = "120+"


FIRST_DAYS: Final[dict[Bucket, int]] = {
    Bucket.CURRENT: 0,
    Bucket.DAYS_1_29: 1,
    Bucket.DAYS_30_59: 30,
    Bucket.DAYS_60_89: 60,
    Bucket.DAYS_90_119: 90,
    Bucket.DAYS_120_UP: 120,
}


def days_past_due(next_due_on: date | None, as_of: date) -> int:
    """Count the days since the oldest unpaid installment was due; on the due date itself none."""
    return 0 if next_due_on is None else max(0, (as_of - next_due_on).days)


def bucket_of(days: int) -> Bucket:
    """Give the bucket of a number of days past due."""
    return max((bucket for bucket, first in FIRST_DAYS.items() if first <= days), key=FIRST_DAYS.__getitem__)


def days_of(bucket: Bucket) -> tuple[int, int | None]:
    """Give the first and the last number of days of a bucket; the last bucket is open."""
    later = [first for first in FIRST_DAYS.values() if first > FIRST_DAYS[bucket]]
    return FIRST_DAYS[bucket], min(later) - 1 if later else None
