# SPDX-License-Identifier: Apache-2.0
"""The list of one bucket: the same loans in the same order as if all were read and sorted, page by page."""

from itertools import groupby

import pytest

from app.domain.delinquency import Bucket
from bench.portfolio import fill
from tests.api_client import ApiClient
from tests.conftest import execute


@pytest.fixture
def portfolio(database: str) -> str:
    """Give a database with loans in every bucket, some applied for at the same moment."""
    fill(database, 1000, echo=lambda _line: None)
    execute(database, "UPDATE loan SET applied_at = date_trunc('month', applied_at)")
    return database


@pytest.mark.usefixtures("portfolio")
@pytest.mark.parametrize("bucket", Bucket)
@pytest.mark.parametrize("sort", ["applied_at", "-applied_at"])
def test_pages_of_a_bucket_hold_its_loans_in_order_and_each_once(client: ApiClient, bucket: Bucket, sort: str) -> None:
    descending = sort.startswith("-")
    expected = sorted(
        ((loan["applied_at"], loan["id"]) for loan in all_loans(client) if loan["delinquency_bucket"] == bucket),
        reverse=descending,
    )

    found = pages(client, {"bucket": bucket.value, "sort": sort, "limit": "7"})

    assert len(expected) > 14
    assert any(len(list(same)) > 1 for _moment, same in groupby(expected, key=lambda place: place[0]))
    assert [(loan["applied_at"], loan["id"]) for loan in found] == expected


def test_a_bucket_without_loans_is_an_empty_list(client: ApiClient, portfolio: str) -> None:
    execute(portfolio, "UPDATE loan SET next_due_on = current_date - 45 WHERE status = 'active'")

    answers = {bucket: client.get("/api/v1/loans", query_string={"bucket": bucket}).json for bucket in Bucket}

    assert {bucket: len(answer["data"]) for bucket, answer in answers.items() if answer} == {
        bucket: 20 if bucket is Bucket.DAYS_30_59 else 0 for bucket in Bucket
    }


@pytest.mark.usefixtures("portfolio")
def test_a_bucket_of_one_borrower_is_theirs_alone(client: ApiClient) -> None:
    loans = [loan for loan in all_loans(client) if loan["delinquency_bucket"] == "1-29"]
    borrower_id = loans[0]["borrower_id"]

    found = pages(client, {"bucket": "1-29", "borrower_id": borrower_id})

    assert [loan["id"] for loan in found] == [loan["id"] for loan in loans if loan["borrower_id"] == borrower_id]


@pytest.mark.usefixtures("portfolio")
def test_a_bucket_within_a_span_of_days_stays_within_it(client: ApiClient) -> None:
    loans = [loan for loan in all_loans(client) if loan["delinquency_bucket"] == "120+"]
    middle = loans[len(loans) // 2]["applied_at"]

    found = pages(client, {"bucket": "120+", "applied_to": middle[:10]})

    assert [loan["id"] for loan in found] == [loan["id"] for loan in loans if loan["applied_at"] <= middle]


def all_loans(client: ApiClient) -> list[dict[str, str]]:
    """Read all active loans, newest first."""
    return pages(client, {"status": "active", "limit": "100"})


def pages(client: ApiClient, parameters: dict[str, str]) -> list[dict[str, str]]:
    """Follow a list to its end."""
    loans: list[dict[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get("/api/v1/loans", query_string=parameters | cursor).json
        assert answer is not None
        loans += answer["data"]
        if not answer["has_more"]:
            return loans
        cursor = {"cursor": answer["next_cursor"]}
