# SPDX-License-Identifier: Apache-2.0
"""A booking costs the same few statements however long the loan runs."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.api_client import ApiClient
from tests.factories import application_body

MOST_STATEMENTS = 12  # 10 are needed; with one more for each installment it would be 70


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Collect what is sent to the database."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.usefixtures("borrower")
def test_a_repayment_reads_each_installment_once(
    client: ApiClient, applicant: ApiClient, statements: list[str]
) -> None:
    body = application_body(principal_minor=1_200_000, term_months=60)
    where = applicant.post("/api/v1/loans", json=body).headers["Location"]
    client.post(f"{where}/approve")
    terms = {"amount_minor": 1_200_000, "disbursed_on": "2024-01-01", "first_due_on": "2024-02-01"}
    client.post(f"{where}/disburse", json=terms)
    statements.clear()

    money = {"amount_minor": 5000, "currency": "EUR", "effective_on": "2024-02-01"}
    answer = applicant.post(f"{where}/repayments", json=money)

    assert answer.status_code == 201
    assert len(statements) <= MOST_STATEMENTS
