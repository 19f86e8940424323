# SPDX-License-Identifier: Apache-2.0
"""The shapes of requests and answers; what the values mean is the domain's business."""

from datetime import UTC
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, Strict

from app.domain.loan import Loan
from app.services.loans import Application

# JSON knows no UUIDs, so this one type may come from a string; 36 characters keep other spellings out.
UuidText = Annotated[str, Strict(), Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]


class ApplicationBody(BaseModel):
    """The body of POST /api/v1/loans; nothing is converted: "12" is no number, 12.0 no integer."""

    model_config = ConfigDict(strict=True, extra="forbid")

    borrower_id: UuidText = Field(description="A UUID string is expected.")
    currency: str = Field(description="An ISO 4217 code is expected.")
    principal_minor: int = Field(description="An integer of minor units is expected.")
    annual_rate_percent: str = Field(description="A decimal string is expected.")
    term_months: int = Field(description="An integer of months is expected.")

    def to_application(self) -> Application:
        """Hand the values to the use case."""
        values = self.model_dump(exclude={"borrower_id"})
        return Application(borrower_id=UUID(self.borrower_id), **values)


def loan_document(loan: Loan) -> dict[str, Any]:
    """Shape a loan as JSON: money in minor units, the rate as a plain decimal string, times in UTC."""
    terms = loan.terms
    return {
        "id": str(loan.id),
        "borrower_id": str(loan.borrower_id),
        "currency": terms.principal.currency.value,
        "principal_minor": terms.principal.amount_minor,
        # Without trailing zeros or an exponent, so that a loan reads the same from memory and from NUMERIC(9,6).
        "annual_rate_percent": f"{terms.annual_rate_percent.normalize():f}",
        "term_months": terms.term_months,
        "status": loan.status.value,
        "applied_at": loan.applied_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
