# SPDX-License-Identifier: Apache-2.0
"""Signals of accesses to borrowers' data; they never contain the data."""

from typing import Final

from app.domain.events import (
    BorrowerErased,
    BorrowerEvent,
    BorrowerExported,
    BorrowerRegistered,
    BorrowerUpdated,
)
from app.telemetry import semconv
from app.telemetry.signals import InstrumentDefinition, Line, Measurement, Signals, combinations, signals_of

OPERATIONS: Final = {
    BorrowerRegistered: ("registered", semconv.EVENT_BORROWER_REGISTERED),
    BorrowerUpdated: ("updated", semconv.EVENT_BORROWER_UPDATED),
    BorrowerErased: ("erased", semconv.EVENT_BORROWER_ERASED),
    BorrowerExported: ("exported", semconv.EVENT_BORROWER_EXPORTED),
}

INSTRUMENTS: Final = (
    InstrumentDefinition(
        semconv.LOAN_BORROWER_OPERATIONS,
        "{operation}",
        "What was done with borrowers' data.",
        combinations({semconv.LOAN_BORROWER_OPERATION: [operation for operation, _ in OPERATIONS.values()]}),
    ),
)


@signals_of.register(BorrowerRegistered)
@signals_of.register(BorrowerUpdated)
@signals_of.register(BorrowerErased)
@signals_of.register(BorrowerExported)
def _(event: BorrowerEvent) -> Signals:
    operation, event_name = OPERATIONS[type(event)]
    borrower = {semconv.LOAN_BORROWER_ID: str(event.borrower_id)}
    measurement = Measurement(semconv.LOAN_BORROWER_OPERATIONS, 1, {semconv.LOAN_BORROWER_OPERATION: operation})
    return Signals((measurement,), borrower, Line(event_name, borrower))
