# SPDX-License-Identifier: Apache-2.0
"""/api/v1/loans: submit an application, read a loan, list loans."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for

from app.access import Scope
from app.api.body import read_body
from app.api.commands import answer, keyed, read, reply
from app.api.etags import etag, not_modified
from app.api.loan_bodies import ApplicationBody
from app.api.loan_documents import LoanDocument, LoanPage, loan_document, loan_page
from app.api.operation import operation
from app.api.queries import AsOfQuery, LoansQuery, read_query
from app.api.service import actor, service
from app.services.ports import UnitOfWork
from app.services.replies import Reply

bp = Blueprint("loans", __name__, url_prefix="/api/v1/loans")


@bp.post("")
@operation(
    scope=Scope.WRITE,
    summary="Submit a loan application",
    body=ApplicationBody,
    answers={201: LoanDocument},
    refusals=(404, 409),
    keyed=True,
    example={
        "borrower_id": "01980000-0000-7000-8000-000000000001",
        "currency": "EUR",
        "principal_minor": 1_200_000,
        "annual_rate_percent": "7.25",
        "term_months": 48,
    },
)
def submit_application() -> Response:
    """Submit a loan application."""
    application = read_body(request, ApplicationBody).to_application()

    def work(transaction: UnitOfWork) -> Reply:
        loan = service().applications.submit(transaction, actor(), application)
        today = service().today()
        location = url_for("loans.get_loan", loan_id=loan.id)
        return reply(HTTPStatus.CREATED, loan_document(loan, today), Location=location, ETag=etag(loan.version, today))

    return keyed(work)


@bp.get("/<uuid:loan_id>")
@operation(
    scope=Scope.READ,
    summary="Show one loan",
    query=AsOfQuery,
    answers={200: LoanDocument, 304: None},
    refusals=(404,),
)
def get_loan(loan_id: UUID) -> Response:
    """Show one loan."""
    as_of = read_query(AsOfQuery).as_of or service().today()
    loan = read(lambda transaction: service().inquiries.loan(transaction, actor(), loan_id))
    tag = etag(loan.version, as_of)
    if not_modified(tag):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    return answer(loan_document(loan, as_of), ETag=tag)


@bp.get("")
@operation(scope=Scope.READ, summary="List loans, page by page", query=LoansQuery, answers={200: LoanPage}, refusals=())
def list_loans() -> Response:
    """List loans, by default newest first, page by page."""
    query = read_query(LoansQuery)
    client_id, today, cursors = actor().client_id, service().today(), service().cursors
    asked = query.asked(client_id)
    after = None if query.cursor is None else cursors.read_position(query.cursor, asked)
    wanted = query.to_filter(client_id, today)
    page = read(lambda transaction: service().inquiries.loans(transaction, wanted, query.limit, after))
    next_cursor = cursors.write_position(page.next_position, asked) if page.next_position else None
    response = answer(loan_page(page.loans, today, next_cursor))
    if next_cursor:
        arguments: dict[str, Any] = {**request.args, "cursor": next_cursor}
        following = url_for("loans.list_loans", **arguments)
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response
