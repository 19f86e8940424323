# SPDX-License-Identifier: Apache-2.0
"""The request bodies of loans; the domain checks the meaning of the values."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, Strict

from app.api.fields import Body, Day, Reference, UuidText
from app.domain.repayment_channel import Channel
from app.domain.status import RejectReason
from app.services.applications import Application

CURRENCY = "An ISO 4217 code is expected."
AMOUNT = "An integer of minor units is expected."
DAY = "A date YYYY-MM-DD is expected."
REFERENCE = "1 to 64 letters, digits, dots, colons, hyphens or underscores are expected."


class TermsBody(Body):
    """The requested terms."""

    currency: str = Field(description=CURRENCY)
    principal_minor: int = Field(description=AMOUNT)
    annual_rate_percent: str = Field(description="A decimal string is expected.")
    term_months: int = Field(description="An integer of months is expected.")


class ApplicationBody(TermsBody):
    """The body of POST /api/v1/loans."""

    borrower_id: UuidText = Field(description="A UUID string is expected.")
    external_ref: Reference | None = Field(default=None, description=REFERENCE)

    def to_application(self) -> Application:
        """Hand the values to the use case."""
        return Application(borrower_id=UUID(self.borrower_id), **self.model_dump(exclude={"borrower_id"}))


class QuoteBody(TermsBody):
    """The body of POST /api/v1/quotes; without dates the loan would be paid out today, due from next month on."""

    disbursed_on: Day | None = Field(default=None, description=DAY)
    first_due_on: Day | None = Field(default=None, description=DAY)


class EmptyBody(Body):
    """An empty body: the path identifies the action."""


class RejectBody(Body):
    """Why an application is rejected."""

    reason: Annotated[RejectReason, Strict(strict=False)] = Field(
        description=f"One of {', '.join(RejectReason)} is expected."
    )


class DisbursementBody(Body):
    """What is paid out, when, and when the first installment is due."""

    amount_minor: int = Field(description=AMOUNT)
    disbursed_on: Day = Field(description=DAY)
    first_due_on: Day = Field(description=DAY)


class EffectiveBody(Body):
    """When something counts."""

    effective_on: Day = Field(description=DAY)


class MoneyBody(EffectiveBody):
    """An amount, and when it counts."""

    amount_minor: int = Field(description=AMOUNT)
    currency: str = Field(description=CURRENCY)


class RepaymentBody(MoneyBody):
    """A borrower's money."""

    channel: Annotated[Channel, Strict(strict=False)] = Field(
        default=Channel.OTHER, description=f"One of {', '.join(Channel)} is expected."
    )
    external_ref: Reference | None = Field(default=None, description=REFERENCE)


Sort = Literal["-applied_at", "applied_at"]
