# SPDX-License-Identifier: Apache-2.0
"""Signals of charge-offs, recoveries and reversals."""

from typing import Final

from app.domain.events import LoanChargedOff, RecoveryPosted, TransactionReversed
from app.domain.money import Currency
from app.domain.transaction import REVERSIBLE
from app.telemetry import semconv
from app.telemetry.business.bookings import ids_of, moved
from app.telemetry.signals import InstrumentDefinition, Line, Measurement, Signals, combinations, signals_of

BY_CURRENCY: Final = combinations({semconv.LOAN_CURRENCY: Currency})

INSTRUMENTS: Final = (
    InstrumentDefinition(semconv.LOAN_CHARGE_OFFS, "{loan}", "Loans charged off.", BY_CURRENCY),
    InstrumentDefinition(semconv.LOAN_CHARGED_OFF_PRINCIPAL, "{minor_unit}", "Principal charged off.", BY_CURRENCY),
    InstrumentDefinition(
        semconv.LOAN_RECOVERED_AMOUNT, "{minor_unit}", "Money recovered after a charge-off.", BY_CURRENCY
    ),
    InstrumentDefinition(
        semconv.LOAN_REVERSALS,
        "{reversal}",
        "Transactions reversed, by what they were.",
        combinations({semconv.LOAN_TRANSACTION_KIND: sorted(REVERSIBLE)}),
    ),
)


@signals_of.register
def _(event: LoanChargedOff) -> Signals:
    metrics = {
        semconv.LOAN_CHARGE_OFFS: 1,
        semconv.LOAN_CHARGED_OFF_PRINCIPAL: event.principal.amount_minor,
    }
    return moved(ids_of(event), event.principal, metrics, semconv.EVENT_LOAN_CHARGED_OFF)


@signals_of.register
def _(event: RecoveryPosted) -> Signals:
    metrics = {semconv.LOAN_RECOVERED_AMOUNT: event.amount.amount_minor}
    return moved(ids_of(event), event.amount, metrics, semconv.EVENT_LOAN_RECOVERY_POSTED)


@signals_of.register
def _(event: TransactionReversed) -> Signals:
    kind = {semconv.LOAN_TRANSACTION_KIND: event.kind.value}
    ids = ids_of(event)
    fields = ids | kind | {semconv.LOAN_CURRENCY: event.currency.value}
    return Signals(
        (Measurement(semconv.LOAN_REVERSALS, 1, kind),), ids, Line(semconv.EVENT_LOAN_TRANSACTION_REVERSED, fields)
    )
