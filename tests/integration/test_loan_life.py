# SPDX-License-Identifier: Apache-2.0
"""A loan's life over HTTP, kept in PostgreSQL: 100 EUR at 7 % over 6 months."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.domain.events import DomainEvent, LoanPaidOff, RepaymentPosted
from app.domain.money import Currency
from app.domain.repayment_channel import Channel
from app.services.events import IdempotencyKeyUsed, KeyOutcome, LoanLocked, RepaymentRefused
from tests.api_client import ApiClient
from tests.conftest import execute
from tests.factories import application_body

pytestmark = pytest.mark.usefixtures("borrower")
TERMS = {"principal_minor": 10_000, "annual_rate_percent": "7", "term_months": 6}
DISBURSEMENT = {"amount_minor": 10_000, "disbursed_on": "2024-01-01", "first_due_on": "2024-02-01"}


@pytest.fixture
def loan(client: ApiClient, applicant: ApiClient) -> str:
    """Give the path of an active loan."""
    where: str = applicant.post("/api/v1/loans", json=application_body(**TERMS)).headers["Location"]
    assert client.post(f"{where}/approve").status_code == 200
    assert client.post(f"{where}/disburse", json=DISBURSEMENT).status_code == 201
    return where


Pay = Callable[..., Any]


@pytest.fixture
def pay(client: ApiClient, loan: str) -> Pay:
    """Give a way to send money."""

    def send(amount_minor: int, on: str, *, headers: dict[str, str] | None = None, **more: object) -> Any:  # noqa: ANN401  # an answer
        body = {"amount_minor": amount_minor, "currency": "EUR", "effective_on": on, **more}
        return client.post(f"{loan}/repayments", json=body, headers=headers)

    return send


def read(client: ApiClient, path: str) -> dict[str, Any]:
    document: dict[str, Any] | None = client.get(path).json
    assert document is not None
    return document


def test_from_application_to_payoff(client: ApiClient, loan: str, pay: Pay) -> None:
    first, payoff = pay(1701, "2024-02-01", channel="card", external_ref="t-1"), pay(8381, "2024-02-15")

    assert (first.status_code, payoff.status_code) == (201, 201)
    assert first.json["channel"], first.json["external_ref"] == ("card", "t-1")
    assert read(client, payoff.headers["Location"]) == payoff.json
    assert (payoff.json["kind"], payoff.json["interest_rebate_minor"]) == ("payoff", 123)
    shown = read(client, loan)
    assert (shown["status"], shown["closed_on"], shown["outstanding_principal_minor"]) == ("paid_off", "2024-02-15", 0)
    schedule = read(client, f"{loan}/schedule")
    assert (schedule["total_principal_minor"], schedule["total_interest_minor"]) == (10_000, 205)
    assert schedule["total_minor"] == 10_205
    assert sum(row["paid_principal_minor"] for row in schedule["installments"]) == 10_000


def test_before_the_payout_there_is_no_schedule(client: ApiClient) -> None:
    where = client.post("/api/v1/loans", json=application_body()).headers["Location"]

    assert read(client, f"{where}/schedule")["installments"] == []
    assert read(client, f"{where}/transactions") == {"data": [], "has_more": False, "next_cursor": None}
    assert client.get(f"{where}/payoff-quote").status_code == 409


def test_a_quote_is_what_ends_the_loan(client: ApiClient, loan: str, pay: Pay) -> None:
    quoted = read(client, f"{loan}/payoff-quote?as_of=2024-01-15")

    assert (quoted["amount_minor"], quoted["interest_minor"], quoted["per_diem_minor"]) == (10_026, 26, 2)
    assert read(client, f"{loan}/payoff-quote")["amount_minor"] == 10_205
    assert client.get(f"{loan}/payoff-quote?as_of=2023-12-31").status_code == 422
    assert pay(10_026, "2024-01-15").json["kind"] == "payoff"


def test_too_much_is_refused_with_what_could_be_paid(pay: Pay, published: list[DomainEvent], loan: str) -> None:
    published.clear()

    answer = pay(9_000, "2024-02-01")

    assert answer.status_code == 422
    assert (answer.json["max_regular_amount_minor"], answer.json["payoff_amount_minor"]) == (3402, 10_058)
    assert published[1:] == [RepaymentRefused(UUID(loan[-36:]), "amount_exceeds_due")]


def test_a_fee_can_be_added_and_forgiven(client: ApiClient, loan: str) -> None:
    fee = {"amount_minor": 500, "currency": "EUR", "effective_on": "2024-02-05"}

    added = client.post(f"{loan}/fees", json=fee)
    forgiven = client.post(f"{loan}/fee-waivers", json=fee | {"amount_minor": 200})

    assert [answer.json and answer.json["kind"] for answer in (added, forgiven)] == ["fee", "fee_waiver"]
    assert read(client, f"{loan}/schedule")["installments"][0]["fee_minor"] == 300
    assert read(client, f"{loan}/schedule")["total_fee_minor"] == 300


def test_a_payment_can_be_undone_once(client: ApiClient, loan: str, pay: Pay) -> None:
    paid = pay(1701, "2024-02-01")
    where = f"{paid.headers['Location']}/reverse"

    undone = client.post(where, json={"effective_on": "2024-02-02"})
    again = client.post(where, json={"effective_on": "2024-02-02"})

    assert undone.json is not None
    assert (undone.status_code, undone.json["reverses_id"]) == (201, paid.json["id"])
    assert (again.status_code, again.json and again.json["code"]) == (409, "not_the_last_payment")
    assert read(client, loan)["outstanding_principal_minor"] == 10_000


@pytest.mark.parametrize(
    "transaction_id", ["00000000-0000-0000-0000-000000000000", "01980000-0000-7000-8000-00000000ffff"]
)
def test_what_was_never_booked_is_not_found(client: ApiClient, loan: str, transaction_id: str) -> None:
    read_it = client.get(f"{loan}/transactions/{transaction_id}")
    undo_it = client.post(f"{loan}/transactions/{transaction_id}/reverse", json={"effective_on": "2024-02-02"})

    assert [answer.json and answer.json["code"] for answer in (read_it, undo_it)] == ["transaction_not_found"] * 2


def test_a_late_loan_is_written_off_and_recovered(client: ApiClient, loan: str, pay: Pay) -> None:
    early = client.post(f"{loan}/charge-off", json={"effective_on": "2024-05-30"})
    written_off = client.post(f"{loan}/charge-off", json={"effective_on": "2024-05-31"})
    recovered = pay(1_000, "2024-06-30")

    assert (early.status_code, early.json and early.json["code"]) == (409, "not_eligible_for_charge_off")
    assert (written_off.json and written_off.json["amount_minor"], recovered.json["kind"]) == (10_000, "recovery")
    assert read(client, loan)["recoverable_minor"] == 9_000


def test_bookings_are_listed_page_by_page_and_add_up_in_a_statement(client: ApiClient, loan: str, pay: Pay) -> None:
    for on in ("2024-02-01", "2024-03-01", "2024-04-01"):
        pay(1701, on)

    first = client.get(f"{loan}/transactions?limit=3")
    rest = client.get(first.headers["Link"].partition(";")[0].strip("<>"))
    statement = read(client, f"{loan}/statement?from=2024-02-01&to=2024-03-31")

    assert first.json is not None
    assert rest.json is not None
    assert [one["seq"] for one in first.json["data"] + rest.json["data"]] == [1, 2, 3, 4]
    assert "Link" not in rest.headers
    assert (statement["from"], statement["opening_balance_minor"], len(statement["lines"])) == ("2024-02-01", 10_000, 2)
    moved = sum(line["principal_change_minor"] for line in statement["lines"])
    assert statement["opening_balance_minor"] + moved == statement["closing_balance_minor"]


def test_money_in_another_currency_is_refused(pay: Pay) -> None:
    assert [pay(100, "2024-02-01", currency=code).json["code"] for code in ("USD", "ZZZ", "eur")] == [
        "currency_mismatch"
    ] * 3


def test_the_same_request_gets_the_same_answer_and_moves_money_once(
    pay: Pay, published: list[DomainEvent], database: str, loan: str
) -> None:
    key = {"Idempotency-Key": "transfer-7"}
    published.clear()
    first, again, quoted = (
        pay(1701, "2024-02-01", headers=headers) for headers in (key, key, {"Idempotency-Key": '"transfer-7"'})
    )

    assert [answer.headers.get("Idempotent-Replayed") for answer in (first, again, quoted)] == [None, "true", "true"]
    assert {(answer.status_code, answer.data, answer.headers["Location"]) for answer in (first, again, quoted)} == {
        (201, first.data, first.headers["Location"])
    }
    assert execute(database, "SELECT count(*) FROM loan_transaction WHERE kind = 'repayment'") == [(1,)]
    parts = (1643, 58, 0)
    posted = RepaymentPosted(UUID(loan[-36:]), UUID(first.json["id"]), Currency.EUR, *parts, Channel.OTHER)
    replayed = [IdempotencyKeyUsed(KeyOutcome.REPLAYED)] * 2
    assert published[1:] == [posted, IdempotencyKeyUsed(KeyOutcome.FIRST), *replayed]


def test_a_key_belongs_to_one_request_of_one_client(client: ApiClient, loan: str, pay: Pay, rival: ApiClient) -> None:
    key = {"Idempotency-Key": "transfer-7"}
    assert pay(1701, "2024-02-01", headers=key).status_code == 201

    other_amount = pay(1702, "2024-02-01", headers=key)
    other_path = client.post(f"{loan}/withdraw", headers=key)
    other_client = rival.post("/api/v1/loans", json=application_body(), headers=key)

    assert [answer.json and answer.json["code"] for answer in (other_amount, other_path)] == [
        "idempotency_key_reused"
    ] * 2
    assert other_client.json is not None
    assert other_client.json["code"] == "borrower_not_found"  # looked at for itself


def test_a_refused_request_leaves_its_key_free(pay: Pay, database: str) -> None:
    key = {"Idempotency-Key": "transfer-7"}

    assert pay(9_000, "2024-02-01", headers=key).status_code == 422
    assert execute(database, "SELECT count(*) FROM idempotency_key WHERE key = 'transfer-7'") == [(0,)]
    assert pay(1701, "2024-02-01", headers=key).status_code == 201


def test_the_end_of_a_loan_is_a_fact_of_its_own(pay: Pay, published: list[DomainEvent], loan: str) -> None:
    published.clear()
    pay(10_000, "2024-01-01")

    assert [type(event) for event in published] == [LoanLocked, RepaymentPosted, LoanPaidOff, IdempotencyKeyUsed]
    assert published[2] == LoanPaidOff(UUID(loan[-36:]), Currency.EUR)


@pytest.mark.parametrize("decision", ["withdraw", "cancel"])
def test_an_application_can_end_otherwise(client: ApiClient, applicant: ApiClient, decision: str) -> None:
    where = applicant.post("/api/v1/loans", json=application_body()).headers["Location"]

    ended = client.post(f"{where}/{decision}", json={})
    again = client.post(f"{where}/{decision}")

    assert ended.json is not None
    assert again.json is not None
    assert (ended.status_code, ended.json["closed_on"]) == (200, ended.json["decided_at"][:10])
    assert (again.status_code, again.json["code"]) == (409, "invalid_state_transition")
    assert (again.json["current_status"], again.json["allowed_actions"]) == (ended.json["status"], [])


def test_who_submitted_cannot_approve(client: ApiClient) -> None:
    where = client.post("/api/v1/loans", json=application_body()).headers["Location"]

    refused = client.post(f"{where}/approve")

    assert (refused.status_code, refused.json and refused.json["code"]) == (403, "four_eyes")


def test_a_quote_keeps_nothing_and_names_the_law_of_each_rate(client: ApiClient, database: str) -> None:
    body = {"currency": "EUR", "principal_minor": 1_000_000, "annual_rate_percent": "9.99", "term_months": 36}

    quoted = client.post("/api/v1/quotes", json=body | {"disbursed_on": "2026-01-15"}, omit=("Idempotency-Key",)).json

    assert quoted is not None
    assert (quoted["installment_minor"], quoted["first_due_on"], len(quoted["schedule"])) == (32_262, "2026-02-15", 36)
    assert [rate["method"] for rate in quoted["apr"]] == ["us_reg_z_actuarial", "eu_2008_48_ec_effective"]
    assert quoted["apr"][0]["percent"] == "9.99"
    assert quoted["total_minor"] == sum(row["payment_minor"] for row in quoted["schedule"])
    assert execute(database, "SELECT count(*) FROM loan") == [(0,)]


def test_the_clients_own_name_for_a_request_comes_back(client: ApiClient) -> None:
    named = client.get("/api/v1/loans", headers={"X-Request-Id": "abc-7_X"})
    odd = client.get("/api/v1/loans", headers={"X-Request-Id": "a b"})

    assert (named.headers["X-Request-Id"], odd.headers.get("X-Request-Id")) == ("abc-7_X", None)
    assert named.headers["Cache-Control"] == "no-store"
