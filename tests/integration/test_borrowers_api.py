# SPDX-License-Identifier: Apache-2.0
"""Borrowers over HTTP: registered, shown, changed and found."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.domain.events import BorrowerRegistered, BorrowerUpdated, DomainEvent
from tests.api_client import ApiClient, client_of
from tests.conftest import execute

BORROWERS = "/api/v1/borrowers"
UNKNOWN_BORROWER = f"{BORROWERS}/0198c7a0-0000-7000-8000-00000000dead"
PATCH = "application/merge-patch+json"


def test_a_registered_borrower_can_be_read_back(client: ApiClient, published: list[DomainEvent]) -> None:
    created = client.post(BORROWERS, json=body(email="ann.bell@MAIL.example"))
    read = client.get(created.headers["Location"])

    document = members(created)
    assert (created.status_code, created.headers["ETag"]) == (201, '"1"')
    assert (read.status_code, read.headers["ETag"], read.json) == (200, '"1"', document)
    assert document == {
        "id": document["id"],
        "external_ref": "crm:42",
        "full_name": "Ann Bell",
        "email": "ann.bell@mail.example",
        "phone": "+441632960961",
        "date_of_birth": "1990-01-31",
        "national_id_last4": "456C",
        "country": "GB",
        "masked": False,
        "version": 1,
        "erased_at": None,
        "created_at": document["created_at"],
    }
    assert document["created_at"].endswith("Z")
    assert [type(event) for event in published if isinstance(event, BorrowerRegistered)] == [BorrowerRegistered]


def test_only_what_is_required_has_to_be_sent(client: ApiClient) -> None:
    required = {member: body()[member] for member in ("full_name", "email", "country", "date_of_birth")}

    document = members(client.post(BORROWERS, json=required))

    assert [document[member] for member in ("phone", "national_id_last4", "external_ref")] == [None, None, None]


@pytest.mark.parametrize("key_id", ["applicant", "auditor"])
def test_without_the_admin_scope_a_borrower_is_masked_everywhere(app: Flask, client: ApiClient, key_id: str) -> None:
    created = client.post(BORROWERS, json=body())
    masked_client = client_of(app, key_id)

    read = members(masked_client.get(created.headers["Location"]))
    [found] = members(masked_client.post(f"{BORROWERS}/search", json={"external_ref": "crm:42"}))["data"]

    assert found == read
    assert {member: read[member] for member in ("full_name", "email", "phone", "date_of_birth", "masked")} == {
        "full_name": "A*** B***",
        "email": "a***@m***",
        "phone": "***61",
        "date_of_birth": None,
        "masked": True,
    }


def test_who_registers_or_changes_without_the_admin_scope_gets_a_masked_answer(applicant: ApiClient) -> None:
    created = applicant.post(BORROWERS, json=body())
    changed = applicant.patch(
        created.headers["Location"], json={"full_name": "Cleo Dane"}, headers={"If-Match": created.headers["ETag"]}
    )

    assert (members(created)["full_name"], members(created)["masked"]) == ("A*** B***", True)
    assert (changed.status_code, members(changed)["full_name"]) == (200, "C*** D***")


def test_the_same_registration_gets_the_same_answer_again(client: ApiClient, database: str) -> None:
    first = client.post(BORROWERS, json=body(), headers={"Idempotency-Key": "registration-1"})
    second = client.post(BORROWERS, json=body(), headers={"Idempotency-Key": "registration-1"})

    assert (second.status_code, second.json) == (201, first.json)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (second.headers["Location"], second.headers["ETag"]) == (first.headers["Location"], first.headers["ETag"])
    assert execute(database, "SELECT count(*) FROM borrower") == [(1,)]


@pytest.mark.parametrize(
    ("same", "code"),
    [
        ({"email": "ann.bell@MAIL.EXAMPLE"}, "email_taken"),
        ({"external_ref": "crm:42"}, "external_ref_taken"),
        ({"national_id": "qq 12 34 56 c"}, "national_id_taken"),
    ],
)
def test_what_another_borrower_has_is_refused_by_name(client: ApiClient, same: dict[str, str], code: str) -> None:
    client.post(BORROWERS, json=body())

    refused = client.post(BORROWERS, json=another(**same))

    assert (refused.status_code, members(refused)["code"]) == (409, code)


def test_a_national_id_counts_in_its_country(client: ApiClient) -> None:
    client.post(BORROWERS, json=body())

    assert client.post(BORROWERS, json=another(national_id="QQ123456C", country="IE")).status_code == 201


def test_another_client_may_know_the_same_person_and_sees_only_its_own(client: ApiClient, rival: ApiClient) -> None:
    created = client.post(BORROWERS, json=body())
    same_person = rival.post(BORROWERS, json=body())

    assert same_person.status_code == 201
    assert [found["id"] for found in search(rival, email="ann.bell@mail.example")] == [members(same_person)["id"]]
    unknown, theirs = client.get(UNKNOWN_BORROWER), rival.get(created.headers["Location"])
    assert (theirs.status_code, members(theirs)["code"]) == (404, "borrower_not_found")
    assert (unknown.status_code, members(unknown)["code"]) == (404, "borrower_not_found")
    patched = rival.patch(created.headers["Location"], json={"phone": None}, headers={"If-Match": "*"})
    assert patched.status_code == 404


@pytest.mark.parametrize("odd", ["7", "1 OR 1=1", " " * 36])
def test_what_is_no_uuid_is_not_found(client: ApiClient, odd: str) -> None:
    assert client.get(f"{BORROWERS}/{odd}").status_code == 404


def test_who_has_the_newest_version_gets_no_body(client: ApiClient) -> None:
    created = client.post(BORROWERS, json=body())

    same = client.get(created.headers["Location"], headers={"If-None-Match": created.headers["ETag"]})
    other = client.get(created.headers["Location"], headers={"If-None-Match": '"7"'})

    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", '"1"')
    assert other.status_code == 200


@pytest.mark.parametrize("content_type", [PATCH, "application/json"])
def test_a_patch_changes_what_it_names(client: ApiClient, published: list[DomainEvent], content_type: str) -> None:
    created = client.post(BORROWERS, json=body())

    changed = client.patch(
        created.headers["Location"],
        data='{"phone": null, "email": "bell@MAIL.example", "country": "IE"}',
        content_type=content_type,
        headers={"If-Match": '"1"'},
    )

    expected = members(created) | {"phone": None, "email": "bell@mail.example", "country": "IE", "version": 2}
    assert (changed.status_code, changed.headers["ETag"], changed.json) == (200, '"2"', expected)
    assert client.get(created.headers["Location"]).json == expected
    assert len([event for event in published if isinstance(event, BorrowerUpdated)]) == 1


def test_a_patch_that_changes_nothing_makes_no_version(client: ApiClient) -> None:
    created = client.post(BORROWERS, json=body())

    assert patch(client, created, {}).headers["ETag"] == '"1"'
    assert patch(client, created, {"full_name": "Ann Bell"}).json == created.json


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [
        (None, 428, "precondition_required"),
        ('"7"', 412, "precondition_failed"),
        ('W/"1"', 412, "precondition_failed"),
        ("1", 400, "invalid_if_match"),
    ],
)
def test_a_patch_names_the_version_that_it_changes(
    client: ApiClient, if_match: str | None, status: int, code: str
) -> None:
    created = client.post(BORROWERS, json=body())
    headers = {"If-Match": if_match} if if_match else {}

    refused = client.patch(created.headers["Location"], json={"phone": None}, headers=headers)

    assert (refused.status_code, members(refused)["code"]) == (status, code)
    assert client.get(created.headers["Location"]).json == created.json


@pytest.mark.parametrize(
    ("sent", "pointer", "code"),
    [
        ({"full_name": None}, "/full_name", "invalid_type"),
        ({"email": None}, "/email", "invalid_type"),
        ({"country": None}, "/country", "invalid_type"),
        ({"phone": 441632960961}, "/phone", "invalid_type"),
        ({"phone": "0441632960961"}, "/phone", "invalid_phone"),
        ({"country": "XX"}, "/country", "unknown_country"),
        *(
            ({member: "1"}, "", "unknown_member")
            for member in ("date_of_birth", "national_id", "external_ref", "version")
        ),
    ],
)
def test_a_bad_patch_is_refused(client: ApiClient, sent: dict[str, Any], pointer: str, code: str) -> None:
    created = client.post(BORROWERS, json=body())

    refused = patch(client, created, sent)

    assert (refused.status_code, faults(refused)) == (422, [(pointer, code)])
    assert client.get(created.headers["Location"]).json == created.json


def test_a_patch_to_what_another_borrower_has_is_refused(client: ApiClient) -> None:
    client.post(BORROWERS, json=body())
    other = client.post(BORROWERS, json=another())

    refused = patch(client, other, {"email": "ann.bell@mail.example"})

    assert (refused.status_code, members(refused)["code"]) == (409, "email_taken")


def test_a_patch_of_another_type_is_refused(client: ApiClient) -> None:
    created = client.post(BORROWERS, json=body())

    refused = client.patch(
        created.headers["Location"], data="{}", content_type="application/json-patch+json", headers={"If-Match": "*"}
    )

    assert refused.status_code == 415


def test_a_search_finds_by_address_by_reference_and_by_both(client: ApiClient) -> None:
    ann = members(client.post(BORROWERS, json=body()))
    client.post(BORROWERS, json=another())

    assert search(client, email="ann.bell@Mail.example") == [ann]
    assert search(client, external_ref="crm:42") == [ann]
    assert search(client, email="ann.bell@mail.example", external_ref="crm:42") == [ann]
    assert search(client, email="ann.bell@mail.example", external_ref="crm:43") == []


@pytest.mark.parametrize(
    ("sent", "pointer", "code"),
    [
        ({}, "", "missing"),
        ({"email": None}, "/email", "invalid_type"),
        ({"email": "ann"}, "/email", "invalid_email"),
        ({"external_ref": "a b"}, "/external_ref", "invalid_reference"),
        ({"full_name": "Ann Bell"}, "", "unknown_member"),
    ],
)
def test_a_search_for_nothing_or_nonsense_is_refused(
    client: ApiClient, sent: dict[str, Any], pointer: str, code: str
) -> None:
    refused = client.post(f"{BORROWERS}/search", json=sent)

    assert (refused.status_code, faults(refused)) == (422, [(pointer, code)])


@pytest.mark.parametrize("member", ["id", "status", "version", "masked", "erased_at", "national_id_hmac", "client_id"])
def test_a_client_sets_nothing_that_is_not_its_own(client: ApiClient, database: str, member: str) -> None:
    refused = client.post(BORROWERS, json=body(**{member: "1"}))

    assert (refused.status_code, faults(refused)) == (422, [("", "unknown_member")])
    assert execute(database, "SELECT count(*) FROM borrower") == [(0,)]


@pytest.mark.parametrize(
    "name", ["O'Brien'; DROP TABLE loan;--", "<script>alert(1)</script>", 'Bob","level":"ERROR', "Nguyễn Thị", "李"]
)
def test_a_name_is_kept_verbatim_whatever_it_looks_like(client: ApiClient, name: str) -> None:
    created = client.post(BORROWERS, json=body(full_name=name))

    assert (created.status_code, members(created)["full_name"]) == (201, name)


def test_all_faults_of_a_registration_are_reported_at_once(client: ApiClient, database: str) -> None:
    wrong = {"full_name": "\ud800", "email": "a@b", "country": "de", "date_of_birth": "20240105", "phone": "1"}

    refused = client.post(BORROWERS, json=body(**wrong, national_id="1", external_ref="a b"))

    assert (refused.status_code, members(refused)["code"]) == (422, "invalid_borrower")
    assert {pointer for pointer, _ in faults(refused)} == {
        f"/{member}" for member in (*wrong, "national_id", "external_ref")
    }
    assert execute(database, "SELECT count(*) FROM borrower") == [(0,)]


def body(**changes: object) -> dict[str, Any]:
    person = {
        "full_name": "Ann Bell",
        "email": "ann.bell@mail.example",
        "country": "GB",
        "date_of_birth": "1990-01-31",
        "phone": "+441632960961",
        "national_id": "QQ 12 34 56 C",
        "external_ref": "crm:42",
    }
    return person | changes


def another(**changes: object) -> dict[str, Any]:
    return body(email="bob@mail.example", external_ref="crm:43", national_id="QQ654321C") | changes


def members(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict)
    return answer.json


def faults(answer: TestResponse) -> list[tuple[str, str]]:
    return [(fault["pointer"], fault["code"]) for fault in members(answer)["errors"]]


def patch(client: ApiClient, created: TestResponse, sent: dict[str, Any]) -> TestResponse:
    return client.patch(created.headers["Location"], json=sent, headers={"If-Match": created.headers["ETag"]})


def search(client: ApiClient, **wanted: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = members(client.post(f"{BORROWERS}/search", json=wanted))["data"]
    return found
