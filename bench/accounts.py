# SPDX-License-Identifier: Apache-2.0
"""Running loans by the ten thousand, each the copy of one that the service itself made."""

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg2
from flask import Flask

from app.access import DEV_SECRETS
from app.factory import now

APPLICATION: Final = {"currency": "EUR", "principal_minor": 1_200_000, "annual_rate_percent": "7.25", "term_months": 6}
BORROWER: Final = {"full_name": "Ada Example", "email": "ada@borrower.example", "country": "IE"}
REPAID_MINOR: Final = 1000
# Each row is the original's but for its ids; the lines of a booking are inserted together, as their trigger requires.
COPIES: Final = """
INSERT INTO loan SELECT copy.* FROM generate_series(1, %(copies)s) AS of(i), loan AS original,
  jsonb_populate_record(original, jsonb_build_object('id', lpad(to_hex(i), 32, '0'))) AS copy
  WHERE original.id = %(loan)s;
INSERT INTO installment SELECT copy.* FROM generate_series(1, %(copies)s) AS of(i), installment AS original,
  jsonb_populate_record(original, jsonb_build_object('loan_id', lpad(to_hex(i), 32, '0'))) AS copy
  WHERE original.loan_id = %(loan)s;
INSERT INTO loan_transaction SELECT copy.* FROM generate_series(1, %(copies)s) AS of(i), loan_transaction AS original,
  jsonb_populate_record(original, jsonb_build_object(
    'id', 'ffffffff' || lpad(to_hex(i), 24, '0'), 'loan_id', lpad(to_hex(i), 32, '0'))) AS copy
  WHERE original.loan_id = %(loan)s;
INSERT INTO ledger_entry SELECT copy.* FROM generate_series(1, %(copies)s) AS of(i),
  loan_transaction AS booking JOIN ledger_entry AS original ON original.transaction_id = booking.id,
  jsonb_populate_record(original, jsonb_build_object('transaction_id', 'ffffffff' || lpad(to_hex(i), 24, '0'))) AS copy
  WHERE booking.loan_id = %(loan)s
"""


def copy_id(number: int) -> str:
    """Give the id of a copied loan; the first has number 1."""
    return str(UUID(int=number))


def post(app: Flask, path: str, body: Mapping[str, object], key_id: str = "applicant") -> tuple[str, dict[str, Any]]:
    """Send a POST in process; give its answer, as text and read, or raise RuntimeError."""
    headers = {"Authorization": f"Bearer {DEV_SECRETS[key_id]}", "Idempotency-Key": f"prepare-{uuid4()}"}
    answer = app.test_client().post(f"/api/v1{path}", json=body, headers=headers)
    if answer.status_code not in {200, 201}:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
    return answer.text, dict(answer.get_json())


def prepare(app: Flask, database_url: str, copies: int) -> tuple[str, str]:
    """Make a running loan with the service, copy it, and give its borrower's id and its own."""
    today = now().date()
    borrower = post(app, "/borrowers", {**BORROWER, "date_of_birth": "1990-01-01"})[1]["id"]
    loan = post(app, "/loans", application(borrower))[1]["id"]
    post(app, f"/loans/{loan}/approve", {}, "officer")
    dates = {"disbursed_on": today.isoformat(), "first_due_on": (today + timedelta(days=31)).isoformat()}
    post(app, f"/loans/{loan}/disburse", {"amount_minor": APPLICATION["principal_minor"], **dates}, "officer")
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(COPIES, {"copies": copies, "loan": loan})
        cursor.execute("ANALYZE")
    return str(borrower), str(loan)


def application(borrower_id: str) -> dict[str, object]:
    """Give the body of an application."""
    return {**APPLICATION, "borrower_id": borrower_id}


def repayment() -> dict[str, object]:
    """Give the body of a repayment of any of these loans."""
    return {
        "amount_minor": REPAID_MINOR,
        "currency": "EUR",
        "effective_on": now().date().isoformat(),
        "channel": "card",
    }
