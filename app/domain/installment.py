# SPDX-License-Identifier: Apache-2.0
"""One row of a loan's schedule, with what has been paid of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.domain.schedule import ScheduledInstallment
from app.domain.transaction import Parts


@dataclass(frozen=True, kw_only=True)
class Installment:
    """What is due on a day and what came in for it; amounts in minor units."""

    n: int
    due_on: date
    opening_balance_minor: int
    principal_minor: int
    interest_minor: int
    fee_minor: int = 0
    paid_principal_minor: int = 0
    paid_interest_minor: int = 0
    paid_fee_minor: int = 0
    rebated_interest_minor: int = 0  # scheduled, but spared by an early payoff
    paid_on: date | None = None  # when nothing was left to pay

    @property
    def unpaid(self) -> Parts:
        """Give what is still to be paid."""
        return Parts(
            self.principal_minor - self.paid_principal_minor,
            self.interest_minor - self.paid_interest_minor - self.rebated_interest_minor,
            self.fee_minor - self.paid_fee_minor,
        )


def installments_of(schedule: Iterable[ScheduledInstallment]) -> tuple[Installment, ...]:
    """Turn a schedule into installments of which nothing is paid."""
    return tuple(
        Installment(
            n=row.n,
            due_on=row.due_on,
            opening_balance_minor=row.opening_balance_minor,
            principal_minor=row.principal_minor,
            interest_minor=row.interest_minor,
        )
        for row in schedule
    )


def next_due_on(installments: Iterable[Installment]) -> date | None:
    """Give the due date of the oldest installment that is not settled, or None."""
    return next((row.due_on for row in installments if row.unpaid.amount_minor > 0), None)
