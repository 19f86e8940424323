# SPDX-License-Identifier: Apache-2.0
"""Loans in every status, made over HTTP, for tests of concurrent changes."""

from dataclasses import dataclass
from typing import Any

from tests.api_client import ApiClient
from tests.concurrency.crowd import Crowd, document
from tests.conftest import execute
from tests.factories import application_body

LOANS = "/api/v1/loans"
DISBURSED_ON = "2024-01-01"
FIRST_DUE_ON = "2024-02-01"
SECOND_DUE_ON = "2024-03-01"
PRINCIPAL_MINOR = 1_200_000


@dataclass(frozen=True)
class Running:
    """An active loan."""

    id: str
    installment_minor: int

    @property
    def path(self) -> str:
        """Give its address."""
        return f"{LOANS}/{self.id}"


def submitted(applicant: ApiClient, **changes: Any) -> str:  # noqa: ANN401  # any member of the body
    """Submit an application and give its address."""
    created = applicant.post(LOANS, json=application_body(**changes))
    assert created.status_code == 201, created.text
    return f"{LOANS}/{document(created)['id']}"


def approved(crowd: Crowd, **changes: Any) -> str:  # noqa: ANN401
    """Submit an application, approve it, and give its address."""
    path = submitted(crowd.client("applicant"), **changes)
    assert crowd.client().post(f"{path}/approve").status_code == 200
    return path


def running(crowd: Crowd, **changes: Any) -> Running:  # noqa: ANN401
    """Pay a loan out."""
    path = approved(crowd, **changes)
    officer = crowd.client()
    assert officer.post(f"{path}/disburse", json=disbursement(**changes)).status_code == 201
    loan = document(officer.get(path))
    return Running(loan["id"], loan["installment_minor"])


def disbursement(principal_minor: int = PRINCIPAL_MINOR, **_: object) -> dict[str, object]:
    """Make up the body of a disbursement."""
    return {"amount_minor": principal_minor, "disbursed_on": DISBURSED_ON, "first_due_on": FIRST_DUE_ON}


def money(amount_minor: int, effective_on: str = FIRST_DUE_ON) -> dict[str, object]:
    """Make up the body of a repayment or fee."""
    return {"amount_minor": amount_minor, "currency": "EUR", "effective_on": effective_on}


def payoff_minor(client: ApiClient, loan: Running, as_of: str = FIRST_DUE_ON) -> int:
    """Request a payoff quote."""
    quoted = client.get(f"{loan.path}/payoff-quote?as_of={as_of}")
    assert quoted.status_code == 200, quoted.text
    return int(document(quoted)["amount_minor"])


def booked(database: str, loan_id: str, kind: str = "repayment") -> list[tuple[int, int]]:
    """List the number and amount of each booking of a kind, as they are in the database."""
    rows = execute(
        database,
        f"SELECT seq, amount_minor FROM loan_transaction WHERE loan_id = '{loan_id}' AND kind = '{kind}' ORDER BY seq",  # noqa: S608  # constants
    )
    return [(int(str(seq)), int(str(amount))) for seq, amount in rows]
