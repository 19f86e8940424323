# SPDX-License-Identifier: Apache-2.0
"""Signals of idempotency keys, retried transactions and lock waits."""

import logging
from typing import Final

from app.services.events import IdempotencyKeyUsed, KeyOutcome, LoanLocked, TransactionRetried
from app.telemetry import semconv
from app.telemetry.signals import InstrumentDefinition, Line, Measurement, Signals, combinations, signals_of

# A free row is locked within a millisecond or two; the database gives up after one second.
LOCK_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
RETRIED: Final = ("40001", "40P01")  # the SQLSTATEs of a serialization failure and a deadlock
LINES: Final = {
    KeyOutcome.REPLAYED: Line(semconv.EVENT_IDEMPOTENCY_KEY_REPLAYED),
    KeyOutcome.MISMATCH: Line(semconv.EVENT_IDEMPOTENCY_KEY_MISMATCH, level=logging.WARNING),
    KeyOutcome.IN_PROGRESS: Line(semconv.EVENT_IDEMPOTENCY_KEY_IN_PROGRESS),
}  # the first use of a key writes no line: the event that it leads to has one

INSTRUMENTS: Final = (
    InstrumentDefinition(
        semconv.LOAN_IDEMPOTENCY_REQUESTS,
        "{request}",
        "Requests with an idempotency key.",
        combinations({semconv.LOAN_IDEMPOTENCY_OUTCOME: KeyOutcome}),
    ),
    InstrumentDefinition(
        semconv.LOAN_TX_RETRIES,
        "{retry}",
        "Transactions tried again.",
        combinations({semconv.DB_RESPONSE_STATUS_CODE: RETRIED}),
    ),
    InstrumentDefinition(semconv.LOAN_LOCK_WAIT_DURATION, "s", "Time to lock a loan.", buckets=LOCK_SECONDS),
)


@signals_of.register
def _(event: IdempotencyKeyUsed) -> Signals:
    outcome = {semconv.LOAN_IDEMPOTENCY_OUTCOME: event.outcome.value}
    return Signals((Measurement(semconv.LOAN_IDEMPOTENCY_REQUESTS, 1, outcome),), outcome, LINES.get(event.outcome))


@signals_of.register
def _(event: TransactionRetried) -> Signals:
    code = {semconv.DB_RESPONSE_STATUS_CODE: event.sqlstate}
    line = Line(semconv.EVENT_TRANSACTION_RETRIED, code, logging.WARNING)
    return Signals((Measurement(semconv.LOAN_TX_RETRIES, 1, code),), {}, line)


@signals_of.register
def _(event: LoanLocked) -> Signals:
    return Signals((Measurement(semconv.LOAN_LOCK_WAIT_DURATION, event.seconds, {}),))
