# SPDX-License-Identifier: Apache-2.0
"""Borrowers and loans at each stage of their lives, brought there over HTTP."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from flask import Flask

from tests.api_client import ApiClient, client_of

LOANS = "/api/v1/loans"
Document = dict[str, Any]


@dataclass(frozen=True)
class Lives:
    """Acts with the bodies that the OpenAPI document gives as examples."""

    applicant: ApiClient
    officer: ApiClient
    bodies: dict[str, Document]  # by operationId

    @classmethod
    def of(cls, app: Flask) -> "Lives":
        """Read the examples from the app's own document."""
        officer = client_of(app, "officer")
        bodies = {
            described["operationId"]: next(iter(described["requestBody"]["content"].values()))["example"]
            for methods in answered(officer.get("/openapi.json"))["paths"].values()
            for described in methods.values()
            if "requestBody" in described
        }
        return cls(client_of(app, "applicant"), officer, bodies)

    def borrower(self) -> Document:
        """Register another borrower: what only one person can have is left out or made up."""
        unique = {"external_ref", "national_id"}
        body = {name: value for name, value in self.bodies["register_borrower"].items() if name not in unique}
        return answered(self.officer.post("/api/v1/borrowers", json=body | {"email": f"{uuid4().hex}@mail.example"}))

    def submitted(self) -> Document:
        """Submit an application; the applicant does, as an officer may not approve its own."""
        body = self.bodies["submit_application"] | {"borrower_id": self.borrower()["id"]}
        return answered(self.applicant.post(LOANS, json=body))

    def approved(self) -> Document:
        """Have an application approved."""
        return self._act(self.submitted(), "approve", "approve")

    def active(self) -> Document:
        """Have a loan paid out."""
        loan = self.approved()
        self._act(loan, "disburse", "disburse")
        return loan

    def with_fee(self) -> Document:
        """Have a running loan charged a fee."""
        loan = self.active()
        self._act(loan, "fees", "assess_fee")
        return loan

    def repayment(self) -> Document:
        """Have a payment booked."""
        return self._act(self.active(), "repayments", "repay")

    def _act(self, loan: Document, verb: str, operation_id: str) -> Document:
        return answered(self.officer.post(f"{LOANS}/{loan['id']}/{verb}", json=self.bodies[operation_id]))


def answered(answer: Any) -> Document:  # noqa: ANN401  # a client's answer
    """Return the document of an answer that is no refusal."""
    document = answer.get_json()
    assert answer.status_code < 400, document
    assert isinstance(document, dict)
    return document
