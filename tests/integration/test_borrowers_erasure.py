# SPDX-License-Identifier: Apache-2.0
"""The rights of a person: a copy of everything, and erasure."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from app.domain.events import BorrowerErased, BorrowerExported, DomainEvent
from tests.api_client import ApiClient
from tests.conftest import execute
from tests.factories import application_body

BORROWERS = "/api/v1/borrowers"
LOANS = "/api/v1/loans"
UNKNOWN_BORROWER = f"{BORROWERS}/0198c7a0-0000-7000-8000-00000000dead"
EMPTIED = ("full_name", "email", "phone", "date_of_birth", "national_id_last4", "country")


def test_an_erasure_leaves_the_id_and_the_clients_own_reference(
    client: ApiClient, published: list[DomainEvent], database: str
) -> None:
    created = register(client)

    erased = client.post(f"{created.headers['Location']}/erasure", json={})

    document = members(erased)
    assert (erased.status_code, erased.headers["ETag"]) == (202, '"2"')
    assert [document[member] for member in EMPTIED] == [None] * len(EMPTIED)
    assert (document["id"], document["external_ref"]) == (members(created)["id"], "crm:42")
    assert document["erased_at"] is not None
    assert client.get(created.headers["Location"]).json == document
    assert execute(database, "SELECT full_name, email, phone, date_of_birth, country FROM borrower") == [(None,) * 5]
    assert execute(database, "SELECT national_id_hmac, national_id_last4 FROM borrower") == [(None, None)]
    assert BorrowerErased(UUID(document["id"])) in published


def test_an_erasure_takes_the_stored_answers_and_keeps_its_own(client: ApiClient, database: str) -> None:
    created = register(client, key="registration")
    register(client, key="someone-else", email="bob@mail.example", national_id=None, external_ref=None)

    erasure = f"{created.headers['Location']}/erasure"
    erased = client.post(erasure, headers={"Idempotency-Key": "erasure"})
    again = client.post(erasure, headers={"Idempotency-Key": "erasure"})

    assert sorted(execute(database, "SELECT key FROM idempotency_key")) == [("erasure",), ("someone-else",)]
    assert (again.status_code, again.json, again.headers["Idempotent-Replayed"]) == (202, erased.json, "true")


def test_a_second_erasure_changes_nothing(client: ApiClient, published: list[DomainEvent]) -> None:
    created = register(client)
    first = erase(client, created)

    second = erase(client, created)

    assert (second.status_code, second.json) == (202, first.json)
    assert len([event for event in published if isinstance(event, BorrowerErased)]) == 1


def test_an_erased_borrower_neither_changes_nor_borrows(client: ApiClient) -> None:
    created = register(client)
    erased = erase(client, created)

    changed = client.patch(
        created.headers["Location"], json={"full_name": "Ann"}, headers={"If-Match": erased.headers["ETag"]}
    )
    lent = apply(client, created)

    assert (changed.status_code, members(changed)["code"]) == (409, "borrower_erased")
    assert (lent.status_code, members(lent)["code"]) == (409, "borrower_erased")


def test_who_was_erased_may_register_again_as_someone_new(client: ApiClient) -> None:
    created = register(client)
    erase(client, created)

    anew = register(client, external_ref=None)

    assert anew.status_code == 201
    assert members(anew)["id"] != members(created)["id"]


def test_an_open_loan_forbids_an_erasure_until_it_is_over(client: ApiClient) -> None:
    created = register(client)
    loan = apply(client, created)

    refused = erase(client, created)
    client.post(f"{loan.headers['Location']}/withdraw", json={})
    accepted = erase(client, created)

    assert (refused.status_code, members(refused)["code"]) == (409, "borrower_has_open_loans")
    assert accepted.status_code == 202
    assert members(client.get(loan.headers["Location"]))["borrower_id"] == members(created)["id"]


def test_a_refused_erasure_changes_nothing_and_can_be_tried_again(client: ApiClient) -> None:
    created = register(client)
    loan = apply(client, created)
    erasure, key = f"{created.headers['Location']}/erasure", {"Idempotency-Key": "erasure"}

    assert client.post(erasure, headers=key).status_code == 409
    assert client.get(created.headers["Location"]).json == created.json
    client.post(f"{loan.headers['Location']}/withdraw", json={})
    assert client.post(erasure, headers=key).status_code == 202


@pytest.mark.parametrize("sent", [{"full_name": "Ann"}, {"force": True}])
def test_an_erasure_has_an_empty_body(client: ApiClient, sent: dict[str, Any]) -> None:
    created = register(client)

    assert client.post(f"{created.headers['Location']}/erasure", json=sent).status_code == 422


def test_only_an_admin_of_the_same_client_erases_and_exports(
    client: ApiClient, applicant: ApiClient, rival: ApiClient
) -> None:
    place = register(client).headers["Location"]

    assert [applicant.post(f"{place}/erasure").status_code, applicant.get(f"{place}/export").status_code] == [403, 403]
    assert [rival.post(f"{place}/erasure").status_code, rival.get(f"{place}/export").status_code] == [404, 404]
    assert [
        client.post(f"{UNKNOWN_BORROWER}/erasure").status_code,
        client.get(f"{UNKNOWN_BORROWER}/export").status_code,
    ] == [404, 404]


def test_an_export_has_everything_in_full(
    client: ApiClient, applicant: ApiClient, published: list[DomainEvent]
) -> None:
    created = register(client)
    register(client, email="bob@mail.example", national_id=None, external_ref=None)
    loan = apply(applicant, created)
    client.post(f"{loan.headers['Location']}/approve")
    today = datetime.now(UTC).date()
    paid_out = client.post(
        f"{loan.headers['Location']}/disburse",
        json={
            "amount_minor": members(loan)["principal_minor"],
            "disbursed_on": str(today),
            "first_due_on": str(today + timedelta(days=28)),
        },
    )

    export = client.get(f"{created.headers['Location']}/export")

    assert export.status_code == 200
    assert members(export) == {
        "borrower": members(created),
        "loans": [members(client.get(loan.headers["Location"]))],
        "transactions": [members(paid_out)],
    }
    assert members(export)["loans"][0]["status"] == "active"
    assert BorrowerExported(UUID(members(created)["id"])) in published


def test_an_export_after_an_erasure_has_no_personal_data(client: ApiClient) -> None:
    created = register(client)
    erased = erase(client, created)

    export = client.get(f"{created.headers['Location']}/export")

    assert members(export) == {"borrower": members(erased), "loans": [], "transactions": []}


def register(client: ApiClient, key: str | None = None, **changes: object) -> TestResponse:
    person = {
        "full_name": "Ann Bell",
        "email": "ann.bell@mail.example",
        "country": "GB",
        "date_of_birth": "1990-01-31",
        "phone": "+441632960961",
        "national_id": "QQ123456C",
        "external_ref": "crm:42",
    }
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(BORROWERS, json=person | changes, headers=headers)


def apply(client: ApiClient, borrower: TestResponse) -> TestResponse:
    return client.post(LOANS, json=application_body(borrower_id=members(borrower)["id"]))


def erase(client: ApiClient, borrower: TestResponse) -> TestResponse:
    return client.post(f"{borrower.headers['Location']}/erasure")


def members(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict)
    return answer.json
