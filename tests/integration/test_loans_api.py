# SPDX-License-Identifier: Apache-2.0
"""Loans over HTTP, kept in PostgreSQL."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.domain.events import DomainEvent, LoanApplicationSubmitted
from app.domain.money import Currency
from tests.factories import application_body, loan_id

LOANS = "/api/v1/loans"


def test_a_submitted_application_can_be_read_back_unchanged(client: FlaskClient) -> None:
    created = client.post(LOANS, json=application_body(annual_rate_percent="7.250"))
    read = client.get(created.headers["Location"])

    assert created.status_code == 201
    assert read.status_code == 200
    assert read.json == created.json
    assert created.json is not None
    sent = application_body(annual_rate_percent="7.25", status="submitted")
    assert {key: created.json[key] for key in sent} == sent


@pytest.mark.parametrize(("sent", "shown"), [("0", "0"), ("100", "100"), ("0.000001", "0.000001"), ("10.50", "10.5")])
def test_a_rate_is_shown_as_a_plain_decimal(client: FlaskClient, sent: str, shown: str) -> None:
    created = client.post(LOANS, json=application_body(annual_rate_percent=sent))
    read = client.get(created.headers["Location"])

    assert created.json is not None
    assert read.json is not None
    assert (created.json["annual_rate_percent"], read.json["annual_rate_percent"]) == (shown, shown)


def test_the_fact_is_published_once_it_is_true(client: FlaskClient, published: list[DomainEvent]) -> None:
    created = client.post(LOANS, json=application_body(currency="JPY"))

    assert created.json is not None
    assert published == [LoanApplicationSubmitted(UUID(created.json["id"]), Currency.JPY)]


def test_an_unknown_loan_is_not_found(client: FlaskClient) -> None:
    answer = client.get(f"{LOANS}/{loan_id(1)}")

    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "loan_not_found"


@pytest.mark.parametrize("odd", ["../../etc/passwd", "1 OR 1=1", "7", " " * 36, f"{loan_id(1)}x"])
def test_what_is_no_uuid_is_not_found(client: FlaskClient, odd: str) -> None:
    assert client.get(f"{LOANS}/{odd}").status_code == 404


def test_an_id_in_capitals_is_the_same_id(client: FlaskClient) -> None:
    created = client.post(LOANS, json=application_body())
    assert created.json is not None

    assert client.get(f"{LOANS}/{created.json['id'].upper()}").json == created.json


def test_pages_follow_their_links_to_the_end_newest_first(client: FlaskClient) -> None:
    posted = [client.post(LOANS, json=application_body()).json for _ in range(5)]

    read = []
    answer = client.get(f"{LOANS}?limit=2")
    while True:
        page = answer.json
        assert page is not None
        read.extend(page["data"])
        if not page["has_more"]:
            break
        target, _, relation = answer.headers["Link"].partition(";")
        assert relation == ' rel="next"'
        answer = client.get(target.strip("<>"))

    assert read == posted[::-1]
    assert page["next_cursor"] is None
    assert "Link" not in answer.headers


def test_a_loan_submitted_meanwhile_does_not_shift_the_next_page(client: FlaskClient) -> None:
    posted = [client.post(LOANS, json=application_body()).json for _ in range(4)]
    first = client.get(f"{LOANS}?limit=2").json
    assert first is not None

    client.post(LOANS, json=application_body())
    second = client.get(f"{LOANS}?limit=2&cursor={first['next_cursor']}").json

    assert second is not None
    assert second["data"] == posted[1::-1]


def test_an_empty_list_is_a_list(client: FlaskClient) -> None:
    assert client.get(LOANS).json == {"data": [], "has_more": False, "next_cursor": None}
