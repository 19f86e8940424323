# SPDX-License-Identifier: Apache-2.0
"""Readers that hold each answer against itself: what is read of one loan in one answer must add up."""

from typing import Any

from tests.api_client import ApiClient
from tests.concurrency.borrowing import DISBURSED_ON, LOANS, PRINCIPAL_MINOR, Running
from tests.concurrency.crowd import document


def statement_adds_up(client: ApiClient, loan: Running) -> None:
    """Expect opening balance plus lines to be the closing balance, and no booking to be missing in between."""
    read = _read(client, f"{loan.path}/statement?from={DISBURSED_ON}&to=2026-11-01")
    changes = [line["principal_change_minor"] for line in read["lines"]]
    assert read["opening_balance_minor"] + sum(changes) == read["closing_balance_minor"]
    assert [line["transaction"]["seq"] for line in read["lines"]] == list(range(1, len(changes) + 1))
    assert all(sum(changes[: n + 1]) >= 0 for n in range(len(changes)))


def schedule_adds_up(client: ApiClient, loan: Running) -> None:
    """Expect the rows to repay the principal, and each to be settled exactly when all of it is paid."""
    read = _read(client, f"{loan.path}/schedule")
    rows = read["installments"]
    assert sum(row["principal_minor"] for row in rows) == read["total_principal_minor"] == PRINCIPAL_MINOR
    for row in rows:
        due = row["principal_minor"] + row["interest_minor"] + row["fee_minor"] - row["rebated_interest_minor"]
        paid = row["paid_principal_minor"] + row["paid_interest_minor"] + row["paid_fee_minor"]
        assert (paid == due) == (row["paid_on"] is not None)


def bookings_add_up(client: ApiClient, loan: Running) -> None:
    """Expect all pages together to number the bookings without a gap, each the sum of its parts."""
    url: str | None = f"{loan.path}/transactions?limit=7"
    seqs = []
    while url:
        page = _read(client, url)
        for booking in page["data"]:
            parts = booking["principal_minor"] + booking["interest_minor"] + booking["fee_minor"]
            assert parts == booking["amount_minor"]
        seqs += [booking["seq"] for booking in page["data"]]
        url = page["next_cursor"] and f"{loan.path}/transactions?limit=7&cursor={page['next_cursor']}"
    assert seqs == list(range(1, len(seqs) + 1))


def export_adds_up(client: ApiClient, borrower: str) -> None:
    """Expect the loans of an export to owe what its bookings leave."""
    read = _read(client, f"/api/v1/borrowers/{borrower}/export")
    kinds = {booking["id"]: booking["kind"] for booking in read["transactions"]}
    for loan in read["loans"]:
        owed = 0
        for booking in read["transactions"]:
            if booking["loan_id"] == loan["id"]:
                turned = -1 if booking["reverses_id"] else 1
                raises = kinds[booking["reverses_id"] or booking["id"]] == "disbursement"
                owed += turned * booking["principal_minor"] * (1 if raises else -1)
        assert owed == loan["outstanding_principal_minor"]


def listed(client: ApiClient, sort: str) -> list[str]:
    """Give the ids of all pages of the list of loans."""
    ids: list[str] = []
    url = f"{LOANS}?limit=5&sort={sort}"
    while url:
        page = client.get(url)
        assert page.status_code == 200
        ids += [loan["id"] for loan in document(page)["data"]]
        url = page.headers.get("Link", "").partition(">")[0].removeprefix("<")
    return ids


def _read(client: ApiClient, url: str) -> dict[str, Any]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    return document(answer)
