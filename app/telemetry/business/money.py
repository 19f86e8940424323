# SPDX-License-Identifier: Apache-2.0
"""Signals of disbursements, repayments and fees; amounts in minor units of their currency."""

import logging
from typing import Final

from app.domain.events import (
    FeeAssessed,
    FeeWaived,
    LoanDisbursed,
    LoanPaidOff,
    PayoffQuoted,
    RepaymentPosted,
)
from app.domain.money import Currency, Money
from app.domain.repayment_channel import Channel
from app.services.events import RepaymentRefused
from app.telemetry import semconv
from app.telemetry.business.bookings import amount, counted, ids_of, moved
from app.telemetry.signals import InstrumentDefinition, Line, Measurement, Signals, combinations, signals_of

BY_CURRENCY: Final = combinations({semconv.LOAN_CURRENCY: Currency})
COMPONENTS: Final = ("principal", "interest", "fee")
OTHER: Final = "_OTHER"
# The codes with which the domain refuses a repayment. A new code is counted as _OTHER until it is added here.
REFUSALS: Final = (
    "amount_exceeds_due",
    "currency_mismatch",
    "invalid_date",
    "invalid_state_transition",
    "invalid_terms",
    "loan_not_found",
    OTHER,
)

INSTRUMENTS: Final = (
    InstrumentDefinition(semconv.LOAN_DISBURSEMENTS, "{disbursement}", "Loans paid out.", BY_CURRENCY),
    InstrumentDefinition(semconv.LOAN_DISBURSED_PRINCIPAL, "{minor_unit}", "Principal paid out.", BY_CURRENCY),
    InstrumentDefinition(
        semconv.LOAN_REPAYMENTS,
        "{repayment}",
        "Repayments booked, payoffs among them.",
        combinations({semconv.LOAN_PAYMENT_CHANNEL: Channel}),
    ),
    InstrumentDefinition(
        semconv.LOAN_REPAYMENTS_REFUSED,
        "{repayment}",
        "Repayments that were not booked.",
        combinations({semconv.ERROR_TYPE: REFUSALS}),
    ),
    InstrumentDefinition(
        semconv.LOAN_REPAID_AMOUNT,
        "{minor_unit}",
        "Money repaid, by what it was booked to.",
        combinations({semconv.LOAN_COMPONENT: COMPONENTS, semconv.LOAN_CURRENCY: Currency}),
    ),
    InstrumentDefinition(semconv.LOAN_PAID_OFF, "{loan}", "Loans on which nothing is owed any more.", BY_CURRENCY),
    InstrumentDefinition(semconv.LOAN_FEES_ASSESSED, "{minor_unit}", "Fees added to installments.", BY_CURRENCY),
    InstrumentDefinition(semconv.LOAN_FEES_WAIVED, "{minor_unit}", "Unpaid fees forgiven.", BY_CURRENCY),
    InstrumentDefinition(semconv.LOAN_PAYOFF_QUOTES, "{quote}", "Payoff quotes given.", BY_CURRENCY),
)


@signals_of.register
def _(event: LoanDisbursed) -> Signals:
    metrics = {semconv.LOAN_DISBURSEMENTS: 1, semconv.LOAN_DISBURSED_PRINCIPAL: event.principal.amount_minor}
    return moved(ids_of(event), event.principal, metrics, semconv.EVENT_LOAN_DISBURSED)


@signals_of.register
def _(event: RepaymentPosted) -> Signals:
    ids, channel = ids_of(event), {semconv.LOAN_PAYMENT_CHANNEL: event.channel.value}
    parts = dict(zip(COMPONENTS, (event.principal_minor, event.interest_minor, event.fee_minor), strict=True))
    currency = {semconv.LOAN_CURRENCY: event.currency.value}
    amounts = (
        Measurement(semconv.LOAN_REPAID_AMOUNT, minor, {semconv.LOAN_COMPONENT: part} | currency)
        for part, minor in parts.items()
    )
    total = amount(Money(sum(parts.values()), event.currency))
    return Signals(
        (Measurement(semconv.LOAN_REPAYMENTS, 1, channel), *amounts),
        ids,
        Line(semconv.EVENT_LOAN_REPAYMENT_POSTED, ids | total | channel),
    )


@signals_of.register
def _(event: RepaymentRefused) -> Signals:
    code = {semconv.ERROR_TYPE: event.code if event.code in REFUSALS else OTHER}
    loan = {semconv.LOAN_ID: str(event.loan_id)}
    line = Line(semconv.EVENT_LOAN_REPAYMENT_REFUSED, loan | code, logging.WARNING)
    return Signals((Measurement(semconv.LOAN_REPAYMENTS_REFUSED, 1, code),), loan, line)


@signals_of.register
def _(event: LoanPaidOff) -> Signals:
    return counted(event.loan_id, event.currency, semconv.LOAN_PAID_OFF, semconv.EVENT_LOAN_PAID_OFF)


@signals_of.register
def _(event: PayoffQuoted) -> Signals:
    return counted(event.loan_id, event.currency, semconv.LOAN_PAYOFF_QUOTES, semconv.EVENT_LOAN_PAYOFF_QUOTED)


@signals_of.register
def _(event: FeeAssessed) -> Signals:
    metrics = {semconv.LOAN_FEES_ASSESSED: event.amount.amount_minor}
    return moved(ids_of(event), event.amount, metrics, semconv.EVENT_LOAN_FEE_ASSESSED)


@signals_of.register
def _(event: FeeWaived) -> Signals:
    metrics = {semconv.LOAN_FEES_WAIVED: event.amount.amount_minor}
    return moved(ids_of(event), event.amount, metrics, semconv.EVENT_LOAN_FEE_WAIVED)
