# SPDX-License-Identifier: Apache-2.0
"""/api/v1/loans/{id}/...: what is booked on a running loan."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, request, url_for

from app.access import Scope
from app.api.account_documents import TransactionDocument, transaction_document
from app.api.body import read_body
from app.api.commands import keyed, reply
from app.api.etags import optional_match
from app.api.loan_bodies import DisbursementBody, EffectiveBody, MoneyBody, RepaymentBody
from app.api.operation import operation
from app.api.service import actor, service
from app.domain.errors import CurrencyMismatch
from app.domain.money import Currency, Money
from app.domain.repayment import Received
from app.domain.transaction import Transaction
from app.services.actor import Target
from app.services.ports import UnitOfWork
from app.services.replies import Reply

bp = Blueprint("servicing", __name__, url_prefix="/api/v1/loans/<uuid:loan_id>")
ANSWERS = {201: TransactionDocument}
REFUSALS = (404, 409, 412)
Booking = Callable[[UnitOfWork, Target], Transaction]
MONEY_EXAMPLE = {"amount_minor": 2500, "currency": "EUR", "effective_on": "2026-03-01"}


@bp.post("/disburse")
@operation(
    scope=Scope.ADMIN,
    summary="Pay an approved loan out and fix its schedule",
    body=DisbursementBody,
    answers=ANSWERS,
    refusals=REFUSALS,
    keyed=True,
    example={"amount_minor": 1_200_000, "disbursed_on": "2026-01-15", "first_due_on": "2026-02-15"},
)
def disburse(loan_id: UUID) -> Response:
    """Pay an approved loan out."""
    body = read_body(request, DisbursementBody)
    values = (body.amount_minor, body.disbursed_on, body.first_due_on)
    return _book(loan_id, lambda transaction, target: service().servicing.disburse(transaction, target, *values))


@bp.post("/repayments")
@operation(
    scope=Scope.WRITE,
    summary="Book a borrower's money: what is due and next, or the exact payoff",
    body=RepaymentBody,
    answers=ANSWERS,
    refusals=REFUSALS,
    keyed=True,
    example={"amount_minor": 28_900, "currency": "EUR", "effective_on": "2026-03-01", "channel": "bank_transfer"},
)
def repay(loan_id: UUID) -> Response:
    """Book a borrower's money."""
    body = read_body(request, RepaymentBody)
    received = Received(_money(body), body.effective_on, body.channel, body.external_ref)
    return _book(loan_id, lambda transaction, target: service().servicing.repay(transaction, target, received))


@bp.post("/fees")
@operation(
    scope=Scope.ADMIN,
    summary="Add a fee to the oldest unpaid installment",
    body=MoneyBody,
    answers=ANSWERS,
    refusals=REFUSALS,
    keyed=True,
    example=MONEY_EXAMPLE,
)
def assess_fee(loan_id: UUID) -> Response:
    """Add a fee."""
    body = read_body(request, MoneyBody)
    values = (_money(body), body.effective_on)
    return _book(
        loan_id,
        lambda transaction, target: service().servicing.assess_fee(transaction, target, *values),
    )


@bp.post("/fee-waivers")
@operation(
    scope=Scope.ADMIN,
    summary="Forgive unpaid fees",
    body=MoneyBody,
    answers=ANSWERS,
    refusals=REFUSALS,
    keyed=True,
    example=MONEY_EXAMPLE,
)
def waive_fee(loan_id: UUID) -> Response:
    """Forgive unpaid fees."""
    body = read_body(request, MoneyBody)
    values = (_money(body), body.effective_on)
    return _book(loan_id, lambda transaction, target: service().servicing.waive_fee(transaction, target, *values))


@bp.post("/charge-off")
@operation(
    scope=Scope.ADMIN,
    summary="Write a loan off that is 120 days past due",
    body=EffectiveBody,
    answers=ANSWERS,
    refusals=REFUSALS,
    keyed=True,
    example={"effective_on": "2026-08-01"},
)
def charge_off(loan_id: UUID) -> Response:
    """Write a loan off."""
    effective_on = read_body(request, EffectiveBody).effective_on
    return _book(
        loan_id,
        lambda transaction, target: service().servicing.charge_off(transaction, target, effective_on),
    )


@bp.post("/transactions/<uuid:transaction_id>/reverse")
@operation(
    scope=Scope.ADMIN,
    summary="Undo the last payment by a booking of its own",
    body=EffectiveBody,
    answers=ANSWERS,
    refusals=REFUSALS,
    keyed=True,
    example={"effective_on": "2026-03-05"},
)
def reverse(loan_id: UUID, transaction_id: UUID) -> Response:
    """Undo the last payment."""
    values = (transaction_id, read_body(request, EffectiveBody).effective_on)
    return _book(loan_id, lambda transaction, target: service().servicing.reverse(transaction, target, *values))


def _money(body: MoneyBody) -> Money:
    """Read an amount; a currency in which no loan is can only be another one than this loan's."""
    try:
        return Money(body.amount_minor, Currency(body.currency))
    except ValueError:
        raise CurrencyMismatch from None


def _book(loan_id: UUID, book: Booking) -> Response:
    expected = optional_match()
    target = Target(actor(), loan_id, lambda loan: expected.check(loan.version))

    def work(transaction: UnitOfWork) -> Reply:
        booked = book(transaction, target)
        loan = service().inquiries.loan(transaction, actor(), loan_id)
        location = url_for("inquiries.get_transaction", loan_id=loan_id, transaction_id=booked.id)
        return reply(HTTPStatus.CREATED, transaction_document(booked, loan.currency), Location=location)

    return keyed(work)
