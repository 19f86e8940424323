# SPDX-License-Identifier: Apache-2.0
"""/api/v1/quotes: what a loan would cost; nothing is stored."""

from datetime import date
from typing import Literal, Self

from flask import Blueprint, Response, request
from pydantic import Field

from app.access import Scope
from app.api.body import read_body
from app.api.commands import answer
from app.api.fields import Document
from app.api.loan_bodies import QuoteBody
from app.api.operation import operation
from app.api.service import service
from app.domain.money import Currency
from app.domain.terms import LoanTerms
from app.services.quotes import Quote, quote

bp = Blueprint("quotes", __name__, url_prefix="/api/v1/quotes")


class QuotedRow(Document):
    """One installment."""

    n: int
    due_on: date
    opening_balance_minor: int
    principal_minor: int
    interest_minor: int
    payment_minor: int


class AnnualRate(Document):
    """An annual rate with its method: another law gives another rate for the same loan."""

    method: Literal["us_reg_z_actuarial", "eu_2008_48_ec_effective"]
    percent: str


class QuoteDocument(Document):
    """What a loan would cost."""

    currency: Currency
    principal_minor: int
    disbursed_on: date
    first_due_on: date
    installment_minor: int
    last_payment_minor: int = Field(description="It absorbs what rounding left over.")
    total_interest_minor: int
    total_minor: int
    apr: list[AnnualRate]
    schedule: list[QuotedRow]

    @classmethod
    def of(cls, quoted: Quote) -> Self:
        """Shape a quote."""
        rows = quoted.schedule
        interest = sum(row.interest_minor for row in rows)
        principal = quoted.terms.principal
        return cls(
            currency=principal.currency,
            principal_minor=principal.amount_minor,
            disbursed_on=quoted.disbursed_on,
            first_due_on=rows[0].due_on,
            installment_minor=rows[0].payment_minor,
            last_payment_minor=rows[-1].payment_minor,
            total_interest_minor=interest,
            total_minor=principal.amount_minor + interest,
            apr=[
                AnnualRate(method="us_reg_z_actuarial", percent=f"{quoted.us_apr_percent:f}"),
                AnnualRate(method="eu_2008_48_ec_effective", percent=f"{quoted.eu_aprc_percent:f}"),
            ],
            schedule=[QuotedRow(**{name: getattr(row, name) for name in QuotedRow.model_fields}) for row in rows],
        )


@bp.post("")
@operation(
    scope=Scope.READ,
    summary="Work out what a loan would cost",
    body=QuoteBody,
    answers={200: QuoteDocument},
    refusals=(422,),
    example={"currency": "EUR", "principal_minor": 1_000_000, "annual_rate_percent": "9.99", "term_months": 36},
)
def quote_loan() -> Response:
    """Work out what a loan would cost."""
    body = read_body(request, QuoteBody)
    terms = LoanTerms.of(
        currency=body.currency,
        principal_minor=body.principal_minor,
        annual_rate_percent=body.annual_rate_percent,
        term_months=body.term_months,
    )
    return answer(QuoteDocument.of(quote(terms, body.disbursed_on or service().today(), body.first_due_on)))
