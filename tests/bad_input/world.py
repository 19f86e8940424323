# SPDX-License-Identifier: Apache-2.0
"""What a case finds when it begins: borrowers and loans in every state, made over the API like everything else."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import uuid4

from tests.bad_input.request import BORROWERS, CANARY, LOANS, Request, Send, get, post, require

DISBURSED, FIRST_DUE = "2024-01-01", "2024-02-01"
PRINCIPAL, INSTALLMENT, PAYOFF = 10_000, 1701, 10_058  # 100.00 EUR at 7 % for 6 months; the payoff is of FIRST_DUE
CHARGED_OFF = "2024-10-01"


class World:
    """Makes things over the API; `send` is how."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self._kept: dict[str, str] = {}

    @cached_property
    def borrower(self) -> str:
        """Give a borrower of ours."""
        return self.register()

    @cached_property
    def erased(self) -> str:
        """Give a borrower whose data is gone."""
        borrower = self.register()
        require(self.send(post(f"{BORROWERS}/{borrower}/erasure")), 202)
        return borrower

    def register(self) -> str:
        """Register a borrower."""
        return str(require(self.send(post(BORROWERS, person())), 201).document["id"])

    def kept(self, state: str) -> str:
        """Give a loan in a state; the same one again, for requests that change nothing."""
        if state not in self._kept:
            self._kept[state] = self.loan(state)
        return self._kept[state]

    def loan(self, state: str, **terms: Any) -> str:  # noqa: ANN401  # members of an application
        """Make a loan and bring it into a state."""
        application = post(LOANS, self.application(**terms), key_id="applicant")
        loan = str(require(self.send(application), 201).document["id"])
        for step, document, status in STEPS[state]:
            require(self.send(post(f"{LOANS}/{loan}/{step}", document)), status)
        return loan

    def application(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # also wrong types, on purpose
        """Make up an application."""
        return {
            "borrower_id": self.borrower,
            "external_ref": reference(),
            "currency": "EUR",
            "principal_minor": PRINCIPAL,
            "annual_rate_percent": "7",
            "term_months": 6,
        } | changes

    def last_transaction(self, loan: str) -> str:
        """Give the id of what was booked last."""
        return str(require(self.send(get(f"{LOANS}/{loan}/transactions?limit=100")), 200).document["data"][-1]["id"])


Build = Callable[[World], Request]


def person(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # also wrong types, on purpose
    """Generate a borrower with unique data."""
    unique = uuid4().hex
    return {
        "full_name": f"Ann {CANARY}",
        "email": f"{unique}@{CANARY}.example",
        "country": "GB",
        "date_of_birth": "1990-01-31",
        "external_ref": reference(),
    } | changes


def money(amount_minor: object, effective_on: str = FIRST_DUE, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Make up the body of a repayment."""
    body = {"amount_minor": amount_minor, "currency": "EUR", "effective_on": effective_on}
    return body | {"external_ref": reference()} | changes


def payout(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # also wrong types, on purpose
    """Make up the body of a disbursement."""
    return {"amount_minor": PRINCIPAL, "disbursed_on": DISBURSED, "first_due_on": FIRST_DUE} | changes


def reference() -> str:
    """Make up a reference that is in no other request."""
    return f"{CANARY}:{uuid4()}"


def soon() -> str:
    """Give a day that is still in the future, even if midnight comes meanwhile."""
    return str(today() + timedelta(days=2))


def today() -> date:
    """Give the business date."""
    return datetime.now(UTC).date()


_APPROVED: list[tuple[str, Any, int]] = [("approve", None, 200)]
_ACTIVE = [*_APPROVED, ("disburse", payout(), 201)]
STEPS: dict[str, list[tuple[str, Any, int]]] = {
    "submitted": [],
    "approved": _APPROVED,
    "rejected": [("reject", {"reason": "policy"}, 200)],
    "active": _ACTIVE,
    "repaid once": [*_ACTIVE, ("repayments", money(INSTALLMENT), 201)],
    "repaid twice": [*_ACTIVE, *(("repayments", money(INSTALLMENT), 201) for _ in range(2))],
    "paid_off": [*_ACTIVE, ("repayments", money(PAYOFF), 201)],
    "charged_off": [*_ACTIVE, ("charge-off", {"effective_on": CHARGED_OFF}, 201)],
}
