# SPDX-License-Identifier: Apache-2.0
"""The response bodies of loans: money in minor units, the rate as a plain decimal string, times in UTC."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from pydantic import Field

from app.api.fields import Document, Moment
from app.domain.delinquency import Bucket, bucket_of, days_past_due
from app.domain.loan import Loan
from app.domain.money import Currency
from app.domain.status import LoanStatus, RejectReason


class LoanDocument(Document):
    """A loan."""

    id: UUID
    borrower_id: UUID
    external_ref: str | None
    currency: Currency
    principal_minor: int
    annual_rate_percent: str
    term_months: int
    status: LoanStatus
    applied_at: Moment
    decided_at: Moment | None
    decided_by: str | None = Field(description="The id of the API key that decided.")
    reject_reason: RejectReason | None
    disbursed_on: date | None
    first_due_on: date | None
    installment_minor: int | None
    outstanding_principal_minor: int
    next_due_on: date | None = Field(description="When the oldest unpaid installment is or was due.")
    days_past_due: int = Field(description="As of `as_of`; on the due date itself 0.")
    delinquency_bucket: Bucket
    as_of: date
    closed_on: date | None
    charged_off_on: date | None
    recoverable_minor: int = Field(description="Of a charged-off loan: what can still come in.")
    version: int


class LoanPage(Document):
    """Some loans, and where the next page begins."""

    data: list[LoanDocument]
    has_more: bool
    next_cursor: str | None


SAME = tuple(
    name
    for name in LoanDocument.model_fields
    if name
    not in {"currency", "principal_minor", "annual_rate_percent", "term_months", "days_past_due", "delinquency_bucket"}
    and name != "as_of"
)


def loan_document(loan: Loan, as_of: date) -> LoanDocument:
    """Shape a loan as of a day."""
    late = days_past_due(loan.next_due_on, as_of)
    return LoanDocument(
        **{name: getattr(loan, name) for name in SAME},
        currency=loan.currency,
        principal_minor=loan.terms.principal.amount_minor,
        # Without trailing zeros or an exponent, so that a loan reads the same from memory and from NUMERIC(9,6).
        annual_rate_percent=f"{loan.terms.annual_rate_percent.normalize():f}",
        term_months=loan.terms.term_months,
        days_past_due=late,
        delinquency_bucket=bucket_of(late),
        as_of=as_of,
    )


def loan_page(loans: Iterable[Loan], as_of: date, next_cursor: str | None) -> LoanPage:
    """Shape a page of loans."""
    data = [loan_document(loan, as_of) for loan in loans]
    return LoanPage(data=data, has_more=next_cursor is not None, next_cursor=next_cursor)
