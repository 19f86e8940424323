# SPDX-License-Identifier: Apache-2.0
"""The annual percentage rate as the law of two places defines it: the same loan has two, so name the method with it.

Floats are enough here: a rate is published with two decimals, computed to ten, and never multiplied with money.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from app.domain.calendar import MONTHS_PER_YEAR, add_months, months_and_days
from app.domain.day_count import DAYS_PER_MONTH, DAYS_PER_YEAR
from app.domain.rounding import round_half_up
from app.domain.schedule import ScheduledInstallment

SMALLEST_STEP = 1e-9  # Newton's steps shrink quadratically: after one of this size the error is below 1e-15
ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class UnitPeriodPayment:
    """A payment after so many unit-periods and a fraction of one, from the advance on."""

    amount_minor: int
    full_unit_periods: int
    fraction: Fraction = ZERO


@dataclass(frozen=True, slots=True)
class YearsPayment:
    """A payment after so many years, from the drawdown on."""

    amount_minor: int
    years: Fraction


def us_apr_percent(
    advance_minor: int, payments: Sequence[UnitPeriodPayment], unit_periods_per_year: Fraction | int
) -> Decimal:
    """Give the nominal rate in percent, to 2 decimals, of one advance and payments that add up to no less.

    Source: Regulation Z (12 CFR 1026) Appendix J (b)(8), the actuarial method: the advance is the sum of
    payment / ((1 + fraction x i) (1 + i) ^ full unit-periods), and the rate is i times the unit-periods of a year.
    """
    terms = [(payment.amount_minor, payment.full_unit_periods, float(payment.fraction)) for payment in payments]

    def excess(rate: float) -> tuple[float, float]:
        growth = 1 + rate
        values = [
            (amount / ((1 + fraction * rate) * growth**full), full / growth + fraction / (1 + fraction * rate))
            for amount, full, fraction in terms
        ]
        return math.fsum(v for v, _ in values) - advance_minor, -math.fsum(v * steepness for v, steepness in values)

    return _percent(_root(excess) * float(unit_periods_per_year))


def eu_aprc_percent(drawdown_minor: int, payments: Sequence[YearsPayment]) -> Decimal:
    """Give the effective rate in percent, to 2 decimals, of one drawdown and payments that add up to no less.

    Source: Directive 2008/48/EC Annex I: the drawdown is the sum of payment x (1 + X) ^ -years. It is solved for
    ln(1 + X), in which it is convex for every X.
    """
    terms = [(payment.amount_minor, float(payment.years)) for payment in payments]

    def excess(force: float) -> tuple[float, float]:
        values = [(amount * math.exp(-force * years), years) for amount, years in terms]
        return math.fsum(v for v, _ in values) - drawdown_minor, -math.fsum(v * years for v, years in values)

    return _percent(math.expm1(_root(excess)))


def us_apr_percent_of(schedule: Sequence[ScheduledInstallment], disbursed_on: date) -> Decimal:
    """Give the US rate of a monthly schedule whose first due date is 1 day to less than a year away.

    Source: Regulation Z Appendix J (b)(4) and (5): the unit-period is a month, whole months count back from the first
    due date, and the days left are 30ths of one; but the term of a single payment is itself the unit-period.
    """
    first = schedule[0]
    months, days = months_and_days(disbursed_on, first.due_on)
    if len(schedule) == 1:
        per_year = (
            Fraction(DAYS_PER_YEAR, (first.due_on - disbursed_on).days) if days else Fraction(MONTHS_PER_YEAR, months)
        )
        return us_apr_percent(first.opening_balance_minor, [UnitPeriodPayment(first.payment_minor, 1)], per_year)
    fraction = Fraction(days, DAYS_PER_MONTH)
    payments = [UnitPeriodPayment(row.payment_minor, months + row.n - 1, fraction) for row in schedule]
    return us_apr_percent(first.opening_balance_minor, payments, MONTHS_PER_YEAR)


def eu_aprc_percent_of(schedule: Sequence[ScheduledInstallment], disbursed_on: date) -> Decimal:
    """Give the EU rate of a monthly schedule whose first due date is after the disbursement.

    Source: remark (c) of Annex I to Directive 2008/48/EC, spelled out in the one to 2014/17/EU: equal months count back
    from the due date, and the days left are parts of the 365 or 366 days of the year that ends with them.
    """
    first = schedule[0]
    months, days = months_and_days(disbursed_on, first.due_on)
    last_odd_day = add_months(first.due_on, -months)
    odd_years = Fraction(days, (last_odd_day - add_months(last_odd_day, -MONTHS_PER_YEAR)).days)
    payments = [
        YearsPayment(row.payment_minor, Fraction(months + row.n - 1, MONTHS_PER_YEAR) + odd_years) for row in schedule
    ]
    return eu_aprc_percent(first.opening_balance_minor, payments)


def _root(excess: Callable[[float], tuple[float, float]]) -> float:
    """Find where a falling, convex function of known slope is zero; from its left Newton's method cannot overshoot."""
    rate, step = 0.0, 1.0
    while abs(step) > SMALLEST_STEP:
        value, slope = excess(rate)
        step = -value / slope
        rate += step
    return rate


def _percent(rate: float) -> Decimal:
    """Turn a rate into percent with two decimals; the tenth is noise of the floats and would decide exact ties."""
    hundredths = round_half_up(Fraction(f"{rate * 100:.9f}") * 100)
    return Decimal(f"{hundredths}E-2")  # from text: Decimal's own arithmetic would cut at 28 digits
