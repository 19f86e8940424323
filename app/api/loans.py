# SPDX-License-Identifier: Apache-2.0
"""/api/v1/loans: submit an application, read a loan, list loans."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import cast
from uuid import UUID

from flask import Blueprint, Response, current_app, jsonify, request, url_for

from app.api.body import read_body
from app.api.paging import Cursors, read_query
from app.api.schemas import ApplicationBody, loan_document
from app.services.loans import LoanUseCases

bp = Blueprint("loans", __name__, url_prefix="/api/v1/loans")
KEY = "loans"  # in app.extensions


@dataclass(frozen=True)
class LoanApi:
    """What the views need; the factory fills it."""

    use_cases: LoanUseCases
    cursors: Cursors


def _api() -> LoanApi:
    return cast("LoanApi", current_app.extensions[KEY])


@bp.post("")
def submit_application() -> Response:
    """Submit a loan application."""
    application = read_body(request, ApplicationBody).to_application()
    loan = _api().use_cases.submit_application(application)
    response = jsonify(loan_document(loan))
    response.status_code = HTTPStatus.CREATED
    response.headers["Location"] = url_for("loans.get_loan", loan_id=loan.id)
    return response


@bp.get("/<uuid:loan_id>")
def get_loan(loan_id: UUID) -> Response:
    """Show one loan."""
    return jsonify(loan_document(_api().use_cases.get_loan(loan_id)))


@bp.get("")
def list_loans() -> Response:
    """List loans, newest first, page by page."""
    api = _api()
    limit, cursor = read_query(request.args)
    page = api.use_cases.list_loans(limit, None if cursor is None else api.cursors.read(cursor))
    next_cursor = api.cursors.write(page.next_position) if page.next_position else None
    document = {
        "data": [loan_document(loan) for loan in page.loans],
        "has_more": next_cursor is not None,
        "next_cursor": next_cursor,
    }
    response = jsonify(document)
    if next_cursor:
        response.headers["Link"] = f'<{url_for("loans.list_loans", limit=limit, cursor=next_cursor)}>; rel="next"'
    return response
