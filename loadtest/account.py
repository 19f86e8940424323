# SPDX-License-Identifier: Apache-2.0
"""The load test's own account of a loan: its bookings, from which it computes the expected answers."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

Row = dict[str, Any]


@dataclass
class Account:
    """One loan; only one user works on it at a time, so that every figure of the service is predictable."""

    loan_id: str
    borrower_id: str
    currency: str
    disbursed_on: date
    rows: list[Row]
    bookings: int = 1
    last_on: date = field(default=date.min)
    rows_paid: int = 0
    fee_minor: int = 0  # of the oldest unpaid installment
    recoverable_minor: int = 0
    status: str = "active"
    last_payment: str | None = None  # the id of a repayment that nothing was booked after

    def __post_init__(self) -> None:
        """Nothing may be booked before the money was there."""
        self.last_on = max(self.last_on, self.disbursed_on)

    @property
    def outstanding_minor(self) -> int:
        """Add up the principal of the unpaid installments."""
        return sum(row["principal_minor"] for row in self.unpaid)

    @property
    def unpaid(self) -> list[Row]:
        """List the installments that were not paid; an ended loan has none."""
        return self.rows[self.rows_paid :] if self.status == "active" else []

    @property
    def next_due_on(self) -> str | None:
        """Give the day on which the oldest unpaid installment is or was due."""
        return self.unpaid[0]["due_on"] if self.unpaid else None

    @property
    def due_minor(self) -> int:
        """Give what settles the oldest unpaid installment."""
        row = self.unpaid[0]
        return int(row["principal_minor"] + row["interest_minor"]) + self.fee_minor

    @property
    def version(self) -> int:
        """Count the loan's versions: applied, approved, and one for each booking, so that none is booked twice."""
        return 2 + self.bookings

    def parts_of_next(self) -> tuple[int, int, int]:
        """Give principal, interest and fee of a payment that settles the oldest unpaid installment."""
        row = self.unpaid[0]
        return row["principal_minor"], row["interest_minor"], self.fee_minor

    def days_late(self, on: date) -> int:
        """Count the days since the oldest unpaid installment was due."""
        return max(0, (on - date.fromisoformat(self.next_due_on)).days) if self.next_due_on else 0

    def booked(self, on: date, payment: str | None = None) -> None:
        """Note that something was booked."""
        self.bookings += 1
        self.last_on = on
        self.last_payment = payment

    def paid(self, on: date, payment: str) -> None:
        """Note that the oldest unpaid installment was paid, with its fee."""
        paid_fee, self.fee_minor = self.fee_minor, 0
        self.rows_paid += 1
        if self.rows_paid == len(self.rows):
            self.status = "paid_off"
        # What paid a fee too is not taken back here: the fee would come back with it.
        self.booked(on, None if paid_fee else payment)

    def taken_back(self, on: date) -> None:
        """Note that the last payment was reversed."""
        self.rows_paid -= 1
        self.status = "active"
        self.booked(on)

    def ended(self, on: date, status: str) -> None:
        """Note that it was paid off before its time, or charged off: then what was outstanding may still come in."""
        self.recoverable_minor = self.outstanding_minor if status == "charged_off" else 0
        self.fee_minor = 0
        self.status = status
        self.booked(on)
