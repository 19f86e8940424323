# SPDX-License-Identifier: Apache-2.0
"""The schedule of a loan: equal payments, interest rounded each period, the last payment absorbing the residue."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.domain.calendar import due_dates
from app.domain.errors import TermsNotAmortizable
from app.domain.rounding import round_half_up
from app.domain.terms import LoanTerms

PERCENT_MONTHS = 100 * 12  # from percent a year to a fraction a month


@dataclass(frozen=True, slots=True)
class ScheduledInstallment:
    """One row of a schedule; amounts in minor units."""

    n: int
    due_on: date
    opening_balance_minor: int
    principal_minor: int
    interest_minor: int

    @property
    def payment_minor(self) -> int:
        """Give what is to be paid on the due date."""
        return self.principal_minor + self.interest_minor

    @property
    def closing_balance_minor(self) -> int:
        """Give the principal that is left afterwards."""
        return self.opening_balance_minor - self.principal_minor


def build_schedule(terms: LoanTerms, first_due_on: date) -> tuple[ScheduledInstallment, ...]:
    """Build the monthly schedule of a loan, each period at a twelfth of the annual rate whatever its days.

    Raise InvalidTerms (TermsNotAmortizable) when an installment would repay nothing, and InvalidDate when the last one
    is beyond the calendar.
    """
    monthly_rate = Fraction(terms.annual_rate_percent) / PERCENT_MONTHS
    dates = due_dates(first_due_on, terms.term_months)
    return amortize(terms.principal.amount_minor, [monthly_rate] * terms.term_months, dates)


def amortize(
    principal_minor: int, period_rates: Sequence[Fraction], due_on: Sequence[date], installment_minor: int | None = None
) -> tuple[ScheduledInstallment, ...]:
    """Spread a principal over periods, each with its own rate (a fraction, not percent) and due date.

    Without a given installment the level one is used. Raise TermsNotAmortizable when a row's principal is below 1.
    """
    if installment_minor is None:
        installment_minor = round_half_up(*level_installment(principal_minor, period_rates))
    return tuple(_rows(principal_minor, period_rates, due_on, installment_minor))


def level_installment(principal_minor: int, period_rates: Sequence[Fraction]) -> tuple[int, int]:
    """Give the equal payment that repays the principal exactly, as numerator and denominator.

    It is the principal over the sum of the discount factors, here with both multiplied by the growth of all periods:
    only integers, and no division by a rate of zero. It is not reduced: that would cost more than everything else.
    """
    growth, accumulated, scale = 1, 0, 1
    for rate in period_rates:
        scale *= rate.denominator
        accumulated = accumulated * (rate.denominator + rate.numerator) + scale
        growth *= rate.denominator + rate.numerator
    return principal_minor * growth, accumulated


def _rows(
    balance_minor: int, period_rates: Sequence[Fraction], dates: Sequence[date], installment_minor: int
) -> Iterator[ScheduledInstallment]:
    for n, (rate, due_on) in enumerate(zip(period_rates, dates, strict=True), 1):
        interest_minor = round_half_up(balance_minor * rate.numerator, rate.denominator)
        principal_minor = balance_minor if n == len(dates) else installment_minor - interest_minor
        if principal_minor < 1:
            raise TermsNotAmortizable
        yield ScheduledInstallment(n, due_on, balance_minor, principal_minor, interest_minor)
        balance_minor -= principal_minor
