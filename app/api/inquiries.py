# SPDX-License-Identifier: Apache-2.0
"""/api/v1/loans/{id}/...: read a loan's account."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for

from app.access import Scope
from app.api.account_documents import (
    PayoffQuoteDocument,
    ScheduleDocument,
    StatementDocument,
    TransactionDocument,
    TransactionPageDocument,
    payoff_document,
    schedule_document,
    statement_document,
    transaction_document,
    transaction_page,
)
from app.api.commands import answer, read_as_of_one_moment
from app.api.operation import operation
from app.api.queries import AsOfQuery, PageQuery, StatementQuery, read_query
from app.api.service import actor, service

bp = Blueprint("inquiries", __name__, url_prefix="/api/v1/loans/<uuid:loan_id>")


@bp.get("/schedule")
@operation(
    scope=Scope.READ,
    summary="Show the schedule and what is paid of it",
    answers={200: ScheduleDocument},
    refusals=(404,),
)
def get_schedule(loan_id: UUID) -> Response:
    """Show the schedule."""
    questions = service().inquiries
    return answer(
        schedule_document(*read_as_of_one_moment(lambda transaction: questions.schedule(transaction, actor(), loan_id)))
    )


@bp.get("/transactions")
@operation(
    scope=Scope.READ,
    summary="List what was booked, page by page",
    query=PageQuery,
    answers={200: TransactionPageDocument},
    refusals=(404,),
)
def list_transactions(loan_id: UUID) -> Response:
    """List what was booked, in order."""
    query, cursors = read_query(PageQuery), service().cursors
    asked = f"transactions {actor().client_id} {loan_id}"
    after = 0 if query.cursor is None else cursors.read_number(query.cursor, asked)
    page = read_as_of_one_moment(
        lambda transaction: service().inquiries.transactions(transaction, actor(), loan_id, query.limit, after)
    )
    next_cursor = None if page.next_seq is None else cursors.write_number(page.next_seq, asked)
    response = answer(transaction_page(page.transactions, page.loan.currency, next_cursor))
    if next_cursor:
        arguments: dict[str, Any] = {**request.args, "cursor": next_cursor}
        following = url_for("inquiries.list_transactions", loan_id=loan_id, **arguments)
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


@bp.get("/transactions/<uuid:transaction_id>")
@operation(scope=Scope.READ, summary="Show one booking", answers={200: TransactionDocument}, refusals=(404,))
def get_transaction(loan_id: UUID, transaction_id: UUID) -> Response:
    """Show one booking."""
    loan, found = read_as_of_one_moment(
        lambda transaction: service().inquiries.transaction(transaction, actor(), loan_id, transaction_id)
    )
    return answer(transaction_document(found, loan.currency))


@bp.get("/payoff-quote")
@operation(
    scope=Scope.READ,
    summary="Quote the payoff amount of a day; valid for that day as long as nothing is booked",
    query=AsOfQuery,
    answers={200: PayoffQuoteDocument},
    refusals=(404, 409, 422),
)
def get_payoff_quote(loan_id: UUID) -> Response:
    """Quote the payoff amount of a day."""
    as_of = read_query(AsOfQuery).as_of or service().today()
    questions = service().inquiries
    return answer(
        payoff_document(
            *read_as_of_one_moment(lambda transaction: questions.payoff(transaction, actor(), loan_id, as_of))
        )
    )


@bp.get("/statement")
@operation(
    scope=Scope.READ,
    summary="Show a span of days: opening balance, lines, closing balance",
    query=StatementQuery,
    answers={200: StatementDocument},
    refusals=(404,),
)
def get_statement(loan_id: UUID) -> Response:
    """Show what happened in a span of days."""
    query, questions = read_query(StatementQuery), service().inquiries
    loan, statement = read_as_of_one_moment(
        lambda transaction: questions.statement(transaction, actor(), loan_id, query.from_, query.to)
    )
    return answer(statement_document(loan, statement))
