# SPDX-License-Identifier: Apache-2.0
"""Complete loans over HTTP, from the application to the end, with mistakes that the service must refuse."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from stack.tour.caller import BORROWERS, LOANS, application, registration
from tests.chain.traffic import UNKNOWN_ID, Client

BORROWER = f"{BORROWERS}/<uuid:borrower_id>"
LOAN = f"{LOANS}/<uuid:loan_id>"
BOOKING = f"{LOAN}/transactions/<uuid:transaction_id>"
QUOTES = "/api/v1/quotes"
MONTH_DAYS = 30
# The middle of each bucket of days past due: a loan whose first installment was due so long ago.
LATENESS = (0, 15, 45, 75, 105, 150)
Ids = dict[str, str]


def days_ago(days: int) -> str:
    """Write a day of the past, as UTC has it, which is the service's calendar."""
    return str(datetime.now(UTC).date() - timedelta(days=days))


def money(amount_minor: int, on: str, **more: str) -> dict[str, object]:
    """Write an amount in the currency of the loans here."""
    return {"amount_minor": amount_minor, "currency": "EUR", "effective_on": on, **more}


def a_borrower(client: Client) -> Ids:
    """Register a borrower."""
    return {"borrower_id": client.write(BORROWERS, {}, registration())}


def an_applied_loan(client: Client, **terms: object) -> Ids:
    """Let a new borrower apply."""
    ids = a_borrower(client)
    return ids | {"loan_id": client.write(LOANS, {}, application(ids["borrower_id"], **terms))}


def a_paid_out_loan(client: Client, days: int, **terms: object) -> Ids:
    """Pay a loan out as of some days ago, the first installment due a month later."""
    ids = an_applied_loan(client, **terms)
    client.ask(200, f"POST {LOAN}/approve", ids, by="officer")
    amount = client.read(f"GET {LOAN}", ids)["principal_minor"]
    body = {"amount_minor": amount, "disbursed_on": days_ago(days), "first_due_on": days_ago(days - MONTH_DAYS)}
    client.write(f"{LOAN}/disburse", ids, body, "officer")
    return ids


def installments(client: Client, ids: Ids) -> list[dict[str, Any]]:
    """Read a loan's schedule."""
    rows: list[dict[str, Any]] = client.read(f"GET {LOAN}/schedule", ids)["installments"]
    return rows


def payment(row: dict[str, Any], days_late: int = 0, channel: str = "bank_transfer") -> dict[str, object]:
    """Pay a row of the schedule, in time or late."""
    on = date.fromisoformat(row["due_on"]) + timedelta(days=days_late)
    return money(row["principal_minor"] + row["interest_minor"], str(on), channel=channel)


def to_the_payoff(client: Client) -> None:
    """Pay two installments, one of them late and once in vain, then a fee, then everything."""
    ids = a_paid_out_loan(client, 300, term_months=12)
    first, second, *_ = installments(client, ids)
    client.write(f"{LOAN}/repayments", ids, payment(first))
    late = payment(second, days_late=20, channel="direct_debit")
    bounced = client.write(f"{LOAN}/repayments", ids, late)
    client.write(
        f"{BOOKING}/reverse", ids | {"transaction_id": bounced}, {"effective_on": late["effective_on"]}, "officer"
    )
    on = str(late["effective_on"])
    client.write(f"{LOAN}/fees", ids, money(2500, on), "officer")
    client.write(f"{LOAN}/fee-waivers", ids, money(1000, on), "officer")
    client.write(f"{LOAN}/repayments", ids, money(int(str(late["amount_minor"])), on, channel="card"))
    on = days_ago(200)  # of one day, also around midnight
    quote = client.read(f"GET {LOAN}/payoff-quote?as_of={on}", ids)
    paid = client.write(f"{LOAN}/repayments", ids, money(quote["amount_minor"], on, channel="cash"))
    assert client.read(f"GET {BOOKING}", ids | {"transaction_id": paid})["kind"] == "payoff"
    assert len(client.read(f"GET {LOAN}/transactions?limit=100", ids)["data"]) == 8
    statement = client.read(f"GET {LOAN}/statement?from={days_ago(300)}&to={days_ago(0)}", ids)
    assert statement["closing_balance_minor"] == 0
    assert client.read(f"GET {LOAN}", ids)["status"] == "paid_off"


def to_the_charge_off(client: Client) -> None:
    """Pay nothing for over 120 days, and send some of it afterwards."""
    ids = a_paid_out_loan(client, 200)
    client.ask(409, f"POST {LOAN}/charge-off", ids, {"effective_on": days_ago(160)}, "officer")
    client.write(f"{LOAN}/charge-off", ids, {"effective_on": days_ago(20)}, "officer")
    client.write(f"{LOAN}/repayments", ids, money(50_000, days_ago(10), channel="other"))
    wrong = client.write(f"{LOAN}/repayments", ids, money(10_000, days_ago(5)))
    client.write(f"{BOOKING}/reverse", ids | {"transaction_id": wrong}, {"effective_on": days_ago(4)}, "officer")
    assert client.read(f"GET {LOAN}", ids)["status"] == "charged_off"


def to_a_refusal(client: Client) -> None:
    """End four applications in the other ways, and erase a borrower who has no loan."""
    client.ask(200, f"POST {LOAN}/reject", an_applied_loan(client), {"reason": "affordability"}, "officer")
    client.ask(200, f"POST {LOAN}/reject", an_applied_loan(client), {"reason": "policy"}, "officer")
    client.ask(200, f"POST {LOAN}/withdraw", an_applied_loan(client))
    ids = an_applied_loan(client, currency="USD")
    client.ask(200, f"POST {LOAN}/cancel", ids, by="officer")
    client.ask(200, f"GET {BORROWER}/export", ids, by="officer")
    client.ask(202, f"POST {BORROWER}/erasure", ids, by="officer")


def of_a_borrower(client: Client) -> None:
    """Look a borrower up, change them, and request a quote."""
    ids = a_borrower(client)
    known = client.ask(200, f"GET {BORROWER}", ids, by="officer")
    client.ask(304, f"GET {BORROWER}", ids, by="officer", headers={"If-None-Match": known.headers["ETag"]})
    client.ask(428, f"PATCH {BORROWER}", ids, {"country": "FR"})
    client.ask(200, f"PATCH {BORROWER}", ids, {"country": "FR"}, headers={"If-Match": known.headers["ETag"]})
    client.ask(412, f"PATCH {BORROWER}", ids, {"country": "DE"}, headers={"If-Match": known.headers["ETag"]})
    email = known.json()["email"]
    assert len(client.ask(200, f"POST {BORROWERS}/search", body={"email": email}).json()["data"]) == 1
    client.ask(409, f"POST {BORROWERS}", body={**registration(), "email": email})
    client.ask(200, f"POST {QUOTES}", body=_terms())


def of_mistakes(client: Client) -> None:
    """Make every mistake that a client can make; and retry, which is none."""
    ids = a_borrower(client)
    asked, key = application(ids["borrower_id"]), {"Idempotency-Key": f"retry-{ids['borrower_id']}"}
    ids["loan_id"] = client.ask(201, f"POST {LOANS}", body=asked, headers=key).json()["id"]
    for _ in range(2):
        assert client.ask(201, f"POST {LOANS}", body=asked, headers=key).json()["id"] == ids["loan_id"]
    client.ask(422, f"POST {LOANS}", body={**asked, "term_months": 24}, headers=key)
    client.ask(422, f"POST {LOANS}", body={**asked, "term_months": 0})
    client.ask(422, f"POST {QUOTES}", body=_terms(annual_rate_percent="-1"))
    client.ask(400, f"POST {LOANS}", body=asked, headers={"Idempotency-Key": None})
    client.ask(400, f"GET {LOANS}?limit=0")
    client.ask(401, f"GET {LOANS}", headers={"Authorization": None})
    client.ask(401, f"POST {LOANS}", body=asked, headers={"Authorization": "Bearer nobodys-key"})
    client.ask(403, f"POST {LOAN}/approve", ids)
    client.ask(403, f"POST {LOANS}", body=asked, by="auditor")
    client.ask(404, f"GET {LOAN}", {"loan_id": UNKNOWN_ID})
    client.ask(404, f"GET {LOAN}", ids, by="rival")
    client.ask(404, "GET /no/such/path")
    client.ask(405, f"PUT {LOANS}")
    client.ask(409, f"POST {LOAN}/repayments", ids, money(100, days_ago(0)))
    assert client.ask(200, f"GET {LOANS}?limit=5").json()["has_more"] in {True, False}


def of_too_much(client: Client) -> None:
    """Pay more than is due and next, and in another currency."""
    ids = a_paid_out_loan(client, 40)
    client.ask(422, f"POST {LOAN}/repayments", ids, money(1_000_000, days_ago(0)))
    client.ask(422, f"POST {LOAN}/repayments", ids, {**money(100, days_ago(0)), "currency": "USD"})
    client.ask(409, f"POST {LOAN}/disburse", ids, _disbursement(), "officer")
    client.ask(200, f"GET {LOAN}?as_of={days_ago(1)}", ids)


def late_ones(client: Client) -> None:
    """Leave an unpaid loan in every bucket of days past due."""
    for days in LATENESS:
        a_paid_out_loan(client, days + MONTH_DAYS)


LIVES = (to_the_payoff, to_the_charge_off, to_a_refusal, of_a_borrower, of_mistakes, of_too_much)
ALL = (*LIVES, late_ones)


def _terms(**changes: object) -> dict[str, object]:
    terms = application("", **changes)
    del terms["borrower_id"]
    return terms


def _disbursement() -> dict[str, object]:
    return {"amount_minor": 1_200_000, "disbursed_on": days_ago(0), "first_due_on": days_ago(-MONTH_DAYS)}
