# SPDX-License-Identifier: Apache-2.0
"""Loans over HTTP, kept in PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from app.domain.events import DomainEvent, LoanApplicationSubmitted
from app.domain.money import Currency
from app.services.events import IdempotencyKeyUsed, KeyOutcome
from tests.api_client import ApiClient
from tests.factories import BORROWER, application_body, loan_id

LOANS = "/api/v1/loans"
pytestmark = pytest.mark.usefixtures("borrower")


def test_a_submitted_application_can_be_read_back_unchanged(client: ApiClient) -> None:
    created = client.post(LOANS, json=application_body(annual_rate_percent="7.250"))
    read = client.get(created.headers["Location"])

    assert created.status_code == 201
    assert read.status_code == 200
    assert read.json == created.json
    assert created.json is not None
    sent = application_body(annual_rate_percent="7.25", status="submitted")
    assert {key: created.json[key] for key in sent} == sent


@pytest.mark.parametrize(("sent", "shown"), [("0", "0"), ("100", "100"), ("0.000001", "0.000001"), ("10.50", "10.5")])
def test_a_rate_is_shown_as_a_plain_decimal(client: ApiClient, sent: str, shown: str) -> None:
    created = client.post(LOANS, json=application_body(annual_rate_percent=sent))
    read = client.get(created.headers["Location"])

    assert created.json is not None
    assert read.json is not None
    assert (created.json["annual_rate_percent"], read.json["annual_rate_percent"]) == (shown, shown)


def test_the_fact_is_published_once_it_is_true(client: ApiClient, published: list[DomainEvent]) -> None:
    created = client.post(LOANS, json=application_body(currency="JPY"))

    assert created.json is not None
    assert published == [
        LoanApplicationSubmitted(UUID(created.json["id"]), Currency.JPY),
        IdempotencyKeyUsed(KeyOutcome.FIRST),
    ]


def test_an_unknown_loan_is_not_found(client: ApiClient) -> None:
    answer = client.get(f"{LOANS}/{loan_id(1)}")

    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "loan_not_found"


@pytest.mark.parametrize("odd", ["../../etc/passwd", "1 OR 1=1", "7", " " * 36, f"{loan_id(1)}x"])
def test_what_is_no_uuid_is_not_found(client: ApiClient, odd: str) -> None:
    assert client.get(f"{LOANS}/{odd}").status_code == 404


def test_an_id_in_capitals_is_the_same_id(client: ApiClient) -> None:
    created = client.post(LOANS, json=application_body())
    assert created.json is not None

    assert client.get(f"{LOANS}/{created.json['id'].upper()}").json == created.json


def test_pages_follow_their_links_to_the_end_newest_first(client: ApiClient) -> None:
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


def test_a_loan_submitted_meanwhile_does_not_shift_the_next_page(client: ApiClient) -> None:
    posted = [client.post(LOANS, json=application_body()).json for _ in range(4)]
    first = client.get(f"{LOANS}?limit=2").json
    assert first is not None

    client.post(LOANS, json=application_body())
    second = client.get(f"{LOANS}?limit=2&cursor={first['next_cursor']}").json

    assert second is not None
    assert second["data"] == posted[1::-1]


def test_an_empty_list_is_a_list(client: ApiClient) -> None:
    assert client.get(LOANS).json == {"data": [], "has_more": False, "next_cursor": None}


def ids(client: ApiClient, query: str) -> list[str]:
    page = client.get(f"{LOANS}?{query}").json
    assert page is not None
    return [loan["id"] for loan in page["data"]]


def submit(client: ApiClient, **changes: object) -> str:
    submitted = client.post(LOANS, json=application_body(**changes)).json
    assert submitted is not None
    return str(submitted["id"])


def test_the_oldest_can_come_first(client: ApiClient) -> None:
    posted = [submit(client) for _ in range(3)]

    first = client.get(f"{LOANS}?sort=applied_at&limit=2")
    following = client.get(first.headers["Link"].partition(";")[0].strip("<>")).json

    assert first.json is not None
    assert following is not None
    assert [loan["id"] for loan in first.json["data"] + following["data"]] == posted


def test_each_filter_leaves_what_it_names(client: ApiClient, applicant: ApiClient, rival: ApiClient) -> None:
    euro = submit(applicant)
    yen = submit(applicant, currency="JPY")
    client.post(f"{LOANS}/{yen}/reject", json={"reason": "policy"})
    today = datetime.now(UTC).date()

    assert ids(client, "currency=JPY") == [yen]
    assert ids(client, "status=submitted") == [euro]
    assert ids(client, "status=rejected&currency=EUR") == []
    assert ids(client, f"borrower_id={BORROWER}") == [yen, euro]
    assert ids(client, f"borrower_id={loan_id(5)}") == []
    assert ids(client, f"applied_from={today}&applied_to={today}") == [yen, euro]
    assert ids(client, f"applied_to={today - timedelta(days=1)}") == []
    assert ids(client, f"applied_from={today + timedelta(days=1)}") == []
    assert ids(rival, "") == []


def test_a_bucket_holds_who_is_that_late_today(client: ApiClient, applicant: ApiClient) -> None:
    late = {
        days: disbursed(client, applicant, datetime.now(UTC).date() - timedelta(days=days)) for days in (0, 29, 30, 120)
    }

    assert ids(client, "bucket=current") == [late[0]]
    assert ids(client, "bucket=1-29") == [late[29]]
    assert ids(client, "bucket=30-59") == [late[30]]
    assert ids(client, "bucket=120%2B") == [late[120]]
    assert ids(client, "bucket=90-119") == []


def disbursed(client: ApiClient, applicant: ApiClient, first_due_on: date) -> str:
    """Put a loan into its active life, with its first installment due on a day."""
    loan = submit(applicant)
    client.post(f"{LOANS}/{loan}/approve")
    body = {
        "amount_minor": 1_200_000,
        "disbursed_on": str(first_due_on - timedelta(days=30)),
        "first_due_on": str(first_due_on),
    }
    assert client.post(f"{LOANS}/{loan}/disburse", json=body).status_code == 201
    return loan


def test_a_loan_is_late_as_of_a_day(client: ApiClient, applicant: ApiClient) -> None:
    loan = disbursed(client, applicant, date(2026, 1, 1))

    shown = client.get(f"{LOANS}/{loan}?as_of=2026-02-15").json

    assert shown is not None
    assert (shown["days_past_due"], shown["delinquency_bucket"], shown["as_of"]) == (45, "30-59", "2026-02-15")


def test_a_known_version_is_not_sent_again_until_the_day_changes(client: ApiClient) -> None:
    created = client.post(LOANS, json=application_body())
    where, tag = created.headers["Location"], created.headers["ETag"]

    same = client.get(where, headers={"If-None-Match": tag})
    other_day = client.get(f"{where}?as_of=2026-01-01", headers={"If-None-Match": tag})

    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    assert (other_day.status_code, other_day.headers["ETag"]) == (200, '"1-2026-01-01"')


def test_a_decision_on_a_stale_version_is_refused(client: ApiClient, applicant: ApiClient) -> None:
    created = applicant.post(LOANS, json=application_body())
    where, tag = created.headers["Location"], created.headers["ETag"]

    approved = client.post(f"{where}/approve", headers={"If-Match": tag})
    late = client.post(f"{where}/cancel", headers={"If-Match": tag})

    assert (approved.status_code, approved.headers["ETag"][:3]) == (200, '"2-')
    assert (late.status_code, late.json and late.json["code"]) == (412, "precondition_failed")


def test_an_external_reference_names_one_loan_of_a_client(client: ApiClient, published: list[DomainEvent]) -> None:
    first = client.post(LOANS, json=application_body(external_ref="crm-7"))
    published.clear()
    second = client.post(LOANS, json=application_body(external_ref="crm-7"))

    assert (first.status_code, second.status_code) == (201, 409)
    assert second.json is not None
    assert second.json["code"] == "external_ref_taken"
    assert published == []


def test_nobody_lends_to_a_stranger_or_to_an_erased_borrower(client: ApiClient, rival: ApiClient) -> None:
    stranger = client.post(LOANS, json=application_body(borrower_id=str(loan_id(9))))
    of_another = rival.post(LOANS, json=application_body())
    client.post(f"/api/v1/borrowers/{BORROWER}/erasure")
    erased = client.post(LOANS, json=application_body())

    assert [answer.json and answer.json["code"] for answer in (stranger, of_another, erased)] == [
        "borrower_not_found",
        "borrower_not_found",
        "borrower_erased",
    ]


def test_another_clients_loan_is_no_loan(client: ApiClient, rival: ApiClient) -> None:
    loan = client.post(LOANS, json=application_body()).headers["Location"]
    unknown = rival.get(f"{LOANS}/{loan_id(1)}").json
    assert unknown is not None

    for path in ("", "/schedule", "/transactions", "/payoff-quote", "/statement?from=2026-01-01&to=2026-01-02"):
        refused = rival.get(loan + path).json
        assert refused is not None
        assert {**refused, "instance": ""} == {**unknown, "instance": ""}
    assert rival.post(f"{loan}/cancel").status_code == 404
