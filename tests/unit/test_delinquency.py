# SPDX-License-Identifier: Apache-2.0
"""How late a loan is, as of a day."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.delinquency import Bucket, bucket_of, days_of, days_past_due
from tests.books import Books
from tests.loan_cases import CASES

DATED = [case for case in CASES["delinquency_cases"] if "due" in case]


@pytest.mark.parametrize("case", DATED, ids=lambda case: case["id"])
def test_the_published_days_past_due_are_ours(case: dict[str, Any]) -> None:
    days = days_past_due(date.fromisoformat(case["due"]), date.fromisoformat(case["as_of"]))

    assert days == case["expected"]["days_past_due"]
    assert bucket_of(days).value == case["expected"].get("bucket", bucket_of(days).value)


def test_one_cent_short_is_late_from_the_oldest_installment_on() -> None:
    books = Books.disbursed()
    books.pay(1700, date(2024, 2, 1))

    assert days_past_due(books.loan.next_due_on, date(2024, 3, 2)) == 30


def test_nothing_due_is_never_late() -> None:
    assert days_past_due(None, date(2024, 3, 2)) == 0
    assert days_past_due(date(2024, 3, 3), date(2024, 3, 2)) == 0


EDGES = [(0, "current"), (1, "1-29"), (29, "1-29"), (30, "30-59"), (59, "30-59"), (60, "60-89"), (89, "60-89"),
         (90, "90-119"), (119, "90-119"), (120, "120+"), (10_000, "120+")]  # fmt: skip


@pytest.mark.parametrize(("days", "bucket"), EDGES)
def test_a_bucket_begins_and_ends_on_its_day(days: int, bucket: str) -> None:
    assert bucket_of(days).value == bucket
    first, last = days_of(Bucket(bucket))
    assert first <= days
    assert last is None or days <= last


def test_the_buckets_leave_no_gap() -> None:
    spans = [days_of(bucket) for bucket in Bucket]

    assert [last + 1 for _, last in spans[:-1] if last is not None] == [first for first, _ in spans[1:]]
    assert spans[-1] == (120, None)


def test_days_are_counted_not_months() -> None:
    assert days_past_due(date(2024, 2, 1), date(2024, 2, 1) + timedelta(days=366)) == 366
