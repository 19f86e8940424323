# SPDX-License-Identifier: Apache-2.0
"""/api/v1/borrowers: who borrows, from registration to erasure."""

from http import HTTPStatus
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, request, url_for

from app.access import Scope
from app.api.access import caller
from app.api.body import read_body, read_optional_body
from app.api.borrower_documents import (
    BorrowerDocument,
    BorrowerList,
    BorrowerPatch,
    ExportDocument,
    RegistrationBody,
    SearchBody,
    borrower_document,
    export_document,
)
from app.api.commands import answer, keyed, read, reply, unkeyed
from app.api.etags import etag, not_modified, require_match
from app.api.loan_bodies import EmptyBody
from app.api.operation import operation
from app.api.service import service
from app.domain.borrower import Borrower
from app.services.ports import UnitOfWork
from app.services.replies import Reply

bp = Blueprint("borrowers", __name__, url_prefix="/api/v1/borrowers")
# Invented, from reserved ranges: .example, Ofcom's numbers for drama, and a prefix without national ids.
EXAMPLE_BORROWER: Final = {
    "full_name": "Ann Bell",
    "email": "ann.bell@mail.example",
    "country": "GB",
    "date_of_birth": "1990-01-31",
    "phone": "+441632960961",
    "national_id": "QQ123456C",
    "external_ref": "crm:42",
}


@bp.post("")
@operation(
    scope=Scope.WRITE,
    summary="Register a borrower",
    body=RegistrationBody,
    answers={201: BorrowerDocument},
    refusals=(409,),
    keyed=True,
    example=EXAMPLE_BORROWER,
)
def register_borrower() -> Response:
    """Register a borrower."""
    registration = read_body(request, RegistrationBody).to_registration()

    def work(transaction: UnitOfWork) -> Reply:
        borrower = service().borrowers.register(transaction, caller().client_id, registration)
        location = url_for("borrowers.get_borrower", borrower_id=borrower.id)
        tag = etag(borrower.version)
        # With the borrower's id, so that an erasure finds the stored answer.
        return reply(HTTPStatus.CREATED, _document(borrower), borrower_id=borrower.id, Location=location, ETag=tag)

    return keyed(work)


@bp.get("/<uuid:borrower_id>")
@operation(
    scope=Scope.READ,
    summary="Show a borrower; masked unless the key has loans:admin",
    answers={200: BorrowerDocument, 304: None},
    refusals=(404,),
)
def get_borrower(borrower_id: UUID) -> Response:
    """Show one borrower."""
    borrower = read(lambda transaction: service().borrowers.get(transaction, caller().client_id, borrower_id))
    tag = etag(borrower.version)
    if not_modified(tag):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    return answer(_document(borrower), ETag=tag)


@bp.patch("/<uuid:borrower_id>")
@operation(
    scope=Scope.WRITE,
    summary="Change a borrower by a merge patch",
    body=BorrowerPatch,
    answers={200: BorrowerDocument},
    refusals=(404, 409),
    matched=True,
    example={"email": "bell@mail.example", "phone": None},
)
def update_borrower(borrower_id: UUID) -> Response:
    """Change a borrower."""
    expected = require_match()
    changes = read_body(request, BorrowerPatch, "application/merge-patch+json", "application/json").changes()
    borrower = unkeyed(
        lambda transaction: service().borrowers.update(
            transaction, caller().client_id, borrower_id, expected.check, changes
        )
    )
    return answer(_document(borrower), ETag=etag(borrower.version))


@bp.post("/search")
@operation(
    scope=Scope.READ,
    summary="Find borrowers by e-mail address, reference or both",
    body=SearchBody,
    answers={200: BorrowerList},
    refusals=(),
    example={"email": EXAMPLE_BORROWER["email"]},
)
def search_borrowers() -> Response:
    """Find borrowers."""
    wanted = read_optional_body(request, SearchBody).wanted()
    found = read(lambda transaction: service().borrowers.search(transaction, caller().client_id, wanted))
    return answer(BorrowerList(data=[_document(borrower) for borrower in found]))


@bp.post("/<uuid:borrower_id>/erasure")
@operation(
    scope=Scope.ADMIN,
    summary="Erase a borrower's personal data",
    body=EmptyBody,
    answers={202: BorrowerDocument},
    refusals=(404, 409),
    keyed=True,
)
def erase_borrower(borrower_id: UUID) -> Response:
    """Erase a borrower's personal data."""
    read_optional_body(request, EmptyBody)

    def work(transaction: UnitOfWork) -> Reply:
        erased = service().borrowers.erase(transaction, caller().client_id, borrower_id)
        # Without the borrower's id: this answer contains no personal data, and is the proof of the erasure.
        return reply(HTTPStatus.ACCEPTED, _document(erased), ETag=etag(erased.version))

    return keyed(work)


@bp.get("/<uuid:borrower_id>/export")
@operation(
    scope=Scope.ADMIN,
    summary="Export all that is kept of a borrower",
    answers={200: ExportDocument},
    refusals=(404,),
)
def export_borrower(borrower_id: UUID) -> Response:
    """Export all that is kept of a borrower."""
    # A command, not only a read: each export of personal data publishes an event.
    export = unkeyed(lambda transaction: service().borrowers.export(transaction, caller().client_id, borrower_id))
    return answer(export_document(export, service().today()))


def _document(borrower: Borrower) -> BorrowerDocument:
    return borrower_document(borrower, masked=Scope.ADMIN not in caller().scopes)
