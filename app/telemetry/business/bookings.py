# SPDX-License-Identifier: Apache-2.0
"""What all money events share: the ids on the span, the amounts in the line, and the two usual sets of measurements."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from app.domain.money import Currency, Money
from app.telemetry import semconv
from app.telemetry.signals import Line, Measurement, Signals


class Booked(Protocol):
    """An event about a transaction."""

    @property
    def loan_id(self) -> UUID:
        """The loan's id."""
        ...

    @property
    def transaction_id(self) -> UUID:
        """The transaction's id."""
        ...


def ids_of(event: Booked) -> dict[str, str]:
    """Name the loan and the transaction."""
    return {semconv.LOAN_ID: str(event.loan_id), semconv.LOAN_TRANSACTION_ID: str(event.transaction_id)}


def amount(money: Money) -> dict[str, str | int]:
    """Format an amount for a log line."""
    return {semconv.LOAN_AMOUNT_MINOR: money.amount_minor, semconv.LOAN_CURRENCY: money.currency.value}


def counted(loan_id: UUID, currency: Currency, metric: str, event_name: str) -> Signals:
    """Describe a fact that is counted once per loan and currency."""
    loan, label = {semconv.LOAN_ID: str(loan_id)}, {semconv.LOAN_CURRENCY: currency.value}
    return Signals((Measurement(metric, 1, label),), loan, Line(event_name, loan | label))


def moved(ids: dict[str, str], money: Money, metrics: Mapping[str, float], event_name: str) -> Signals:
    """Describe a booking: a value for each metric, by the amount's currency."""
    label = {semconv.LOAN_CURRENCY: money.currency.value}
    measurements = tuple(Measurement(metric, value, label) for metric, value in metrics.items())
    return Signals(measurements, ids, Line(event_name, ids | amount(money)))
