# SPDX-License-Identifier: Apache-2.0
"""The request and response bodies of borrowers; the domain checks the meaning of the values."""

from datetime import date
from typing import Final
from uuid import UUID

from pydantic import Field

from app.api.account_documents import TransactionDocument, transaction_document
from app.api.fields import Body, Document, Moment
from app.api.loan_documents import LoanDocument, loan_document
from app.domain.borrower import Borrower, Registration, mask
from app.services.borrowers import Export

NAME: Final = "A name of printable characters is expected."
EMAIL: Final = "An e-mail address is expected."
PHONE: Final = "A phone number like +441632960961 is expected."
COUNTRY: Final = "Two letters of ISO 3166-1 are expected."
REFERENCE: Final = "The client's own reference is expected, without personal data."


class RegistrationBody(Body):
    """The body of POST /api/v1/borrowers."""

    full_name: str = Field(description=NAME)
    email: str = Field(description=EMAIL)
    country: str = Field(description=COUNTRY)
    date_of_birth: str = Field(description="A date YYYY-MM-DD is expected.")
    phone: str | None = Field(default=None, description=PHONE)
    national_id: str | None = Field(default=None, description="The national id of that country is expected.")
    external_ref: str | None = Field(default=None, description=REFERENCE)

    def to_registration(self) -> Registration:
        """Hand the values to the use case."""
        return Registration(**self.model_dump())


class BorrowerPatch(Body):
    """A merge patch (RFC 7396): what is left out stays; null clears the phone number, which alone may be missing."""

    # Factories, as a default would appear in the schema; `model_fields_set` has the members that were sent.
    full_name: str = Field(default_factory=str, description=NAME)
    email: str = Field(default_factory=str, description=EMAIL)
    phone: str | None = Field(default_factory=str, description=PHONE)
    country: str = Field(default_factory=str, description=COUNTRY)

    def changes(self) -> dict[str, str | None]:
        """Return the members that were sent."""
        return self.model_dump(exclude_unset=True)


class SearchBody(Body):
    """What to look for: in the body, as addresses end up in logs and histories."""

    email: str = Field(default_factory=str, description=EMAIL)
    external_ref: str = Field(default_factory=str, description=REFERENCE)

    def wanted(self) -> dict[str, str]:
        """Return the members that were sent."""
        return self.model_dump(exclude_unset=True)


class BorrowerDocument(Document):
    """A borrower; the personal members are null once erased."""

    id: UUID
    external_ref: str | None
    full_name: str | None
    email: str | None
    phone: str | None
    date_of_birth: date | None
    national_id_last4: str | None
    country: str | None
    masked: bool = Field(description="Whether the personal members are shortened, for want of loans:admin.")
    version: int
    erased_at: Moment | None
    created_at: Moment


class BorrowerList(Document):
    """Some borrowers."""

    data: list[BorrowerDocument]


class ExportDocument(Document):
    """All that is kept of a borrower."""

    borrower: BorrowerDocument
    loans: list[LoanDocument]
    transactions: list[TransactionDocument]


def borrower_document(borrower: Borrower, *, masked: bool) -> BorrowerDocument:
    """Shape a borrower, masked or in full."""
    shown = mask(borrower) if masked else borrower
    same = BorrowerDocument.model_fields.keys() - {"masked"}
    return BorrowerDocument(**{name: getattr(shown, name) for name in same}, masked=masked)


def export_document(export: Export, as_of: date) -> ExportDocument:
    """Shape an export, in full: it is the person's own."""
    currencies = {loan.id: loan.currency for loan in export.loans}
    return ExportDocument(
        borrower=borrower_document(export.borrower, masked=False),
        loans=[loan_document(loan, as_of) for loan in export.loans],
        transactions=[transaction_document(booked, currencies[booked.loan_id]) for booked in export.transactions],
    )
