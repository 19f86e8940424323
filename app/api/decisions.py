# SPDX-License-Identifier: Apache-2.0
"""/api/v1/loans/{id}/approve, reject, withdraw, cancel: how an application ends."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, request

from app.access import Scope
from app.api.body import read_body, read_optional_body
from app.api.commands import keyed, reply
from app.api.etags import etag, optional_match
from app.api.loan_bodies import EmptyBody, RejectBody
from app.api.loan_documents import LoanDocument, loan_document
from app.api.operation import operation
from app.api.service import actor, service
from app.domain.loan import Loan
from app.services.actor import Target
from app.services.ports import UnitOfWork
from app.services.replies import Reply

bp = Blueprint("decisions", __name__, url_prefix="/api/v1/loans/<uuid:loan_id>")
ANSWERS = {200: LoanDocument}
REFUSALS = (404, 409, 412)


@bp.post("/approve")
@operation(
    scope=Scope.ADMIN,
    summary="Approve an application; not by who submitted it",
    body=EmptyBody,
    answers=ANSWERS,
    refusals=REFUSALS,
    keyed=True,
)
def approve(loan_id: UUID) -> Response:
    """Approve an application."""
    read_optional_body(request, EmptyBody)
    return _decide(loan_id, service().applications.approve)


@bp.post("/reject")
@operation(
    scope=Scope.ADMIN,
    summary="Reject an application for a reason",
    body=RejectBody,
    answers=ANSWERS,
    refusals=REFUSALS,
    keyed=True,
    example={"reason": "affordability"},
)
def reject(loan_id: UUID) -> Response:
    """Reject an application for a reason."""
    reason = read_body(request, RejectBody).reason
    return _decide(loan_id, lambda transaction, target: service().applications.reject(transaction, target, reason))


@bp.post("/withdraw")
@operation(
    scope=Scope.WRITE,
    summary="Withdraw an application, at the applicant's wish",
    body=EmptyBody,
    answers=ANSWERS,
    refusals=REFUSALS,
    keyed=True,
)
def withdraw(loan_id: UUID) -> Response:
    """Withdraw an application."""
    read_optional_body(request, EmptyBody)
    return _decide(loan_id, service().applications.withdraw)


@bp.post("/cancel")
@operation(
    scope=Scope.ADMIN,
    summary="Cancel an application, at the lender's wish",
    body=EmptyBody,
    answers=ANSWERS,
    refusals=REFUSALS,
    keyed=True,
)
def cancel(loan_id: UUID) -> Response:
    """Cancel an application."""
    read_optional_body(request, EmptyBody)
    return _decide(loan_id, service().applications.cancel)


def _decide(loan_id: UUID, decide: Callable[[UnitOfWork, Target], Loan]) -> Response:
    expected = optional_match()
    target = Target(actor(), loan_id, lambda loan: expected.check(loan.version))

    def work(transaction: UnitOfWork) -> Reply:
        loan = decide(transaction, target)
        today = service().today()
        return reply(HTTPStatus.OK, loan_document(loan, today), ETag=etag(loan.version, today))

    return keyed(work)
