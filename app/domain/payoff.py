# SPDX-License-Identifier: Apache-2.0
"""What it costs to end a loan on a day: principal, fees, and the interest earned until then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.domain.calendar import add_months
from app.domain.installment import Installment
from app.domain.loan import Loan
from app.domain.rounding import round_half_up
from app.domain.transaction import Parts

PERCENT_MONTHS = 100 * 12  # from percent a year to a fraction a month


@dataclass(frozen=True)
class Payoff:
    """The exact amount that ends a loan on a day, and what it spares the borrower; in minor units."""

    as_of: date
    parts: Parts
    interest_rebate_minor: int
    per_diem_minor: int  # what one day later would add within this period, rounded


def payoff(loan: Loan, unpaid: Sequence[Installment], as_of: date) -> Payoff:
    """Work out the payoff of an active loan from its unpaid installments, oldest first."""
    earned = sum(_earned(loan, row, as_of) - row.paid_interest_minor for row in unpaid if _starts(loan, row) <= as_of)
    scheduled = sum(row.unpaid.interest_minor for row in unpaid)
    # A next installment that was paid ahead has paid more interest than is earned yet; it is not given back.
    interest = max(0, earned)
    parts = Parts(
        sum(row.unpaid.principal_minor for row in unpaid), interest, sum(row.unpaid.fee_minor for row in unpaid)
    )
    return Payoff(as_of, parts, scheduled - interest, _per_diem(loan, unpaid, as_of))


def max_regular_amount_minor(unpaid: Sequence[Installment], on: date) -> int:
    """Add up what is due on a day and the next installment after it: the most that is no payoff."""
    due = [row for row in unpaid if row.due_on <= on]
    following = [row for row in unpaid if row.due_on > on][:1]
    return sum(row.unpaid.amount_minor for row in [*due, *following])


def _starts(loan: Loan, row: Installment) -> date:
    """Give the first day of an installment's period: the due date before it, or the disbursement."""
    if row.n == 1 or loan.first_due_on is None:
        return loan.disbursed_on or row.due_on
    return add_months(loan.first_due_on, row.n - 2)


def _earned(loan: Loan, row: Installment, as_of: date) -> int:
    """Give the interest earned in a period until a day: all at its due date and none after it, else by actual days."""
    starts = _starts(loan, row)
    if as_of >= row.due_on:
        return row.interest_minor
    return round_half_up(_monthly_interest(loan, row) * (as_of - starts).days / (row.due_on - starts).days)


def _per_diem(loan: Loan, unpaid: Sequence[Installment], as_of: date) -> int:
    for row in unpaid:
        starts = _starts(loan, row)
        if starts <= as_of < row.due_on:
            return round_half_up(_monthly_interest(loan, row) / (row.due_on - starts).days)
    return 0


def _monthly_interest(loan: Loan, row: Installment) -> Fraction:
    return row.opening_balance_minor * Fraction(loan.terms.annual_rate_percent) / PERCENT_MONTHS
