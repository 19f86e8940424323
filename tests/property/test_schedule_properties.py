# SPDX-License-Identifier: Apache-2.0
"""What holds for every loan that the service can grant: a sound schedule, or a refusal that is due."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from app.domain.apr import eu_aprc_percent_of, us_apr_percent_of
from app.domain.calendar import add_months, due_dates
from app.domain.errors import TermsNotAmortizable
from app.domain.money import Currency, Money
from app.domain.schedule import ScheduledInstallment, amortize, build_schedule
from app.domain.terms import LoanTerms

FIRST_DUE = st.dates(min_value=date(2000, 3, 1), max_value=date(2100, 12, 31))
PRINCIPALS = st.integers(min_value=1, max_value=10**9)
RATES = st.decimals(min_value=0, max_value=100, places=6)
TERMS = st.builds(
    LoanTerms,
    st.builds(Money, PRINCIPALS, st.sampled_from(Currency)),
    RATES,
    st.integers(min_value=1, max_value=600),
)
# Small loans over many months are where roundings decide whether there is a schedule at all.
SMALL_TERMS = st.builds(
    LoanTerms,
    st.builds(Money, st.integers(min_value=1, max_value=2000), st.just(Currency.JPY)),
    RATES,
    st.integers(min_value=1, max_value=60),
)
SLACK = Fraction("0.0050001")  # percent: what rounding to two decimals can move a rate, and the noise of floats


@given(TERMS | SMALL_TERMS, FIRST_DUE)
def test_a_schedule_repays_its_principal_row_by_row(terms: LoanTerms, first: date) -> None:
    schedule = schedule_or_reject(terms, first)

    assert sum(row.principal_minor for row in schedule) == terms.principal.amount_minor
    assert schedule[0].opening_balance_minor == terms.principal.amount_minor
    assert schedule[-1].closing_balance_minor == 0
    assert all(row.principal_minor >= 1 and row.interest_minor >= 0 for row in schedule)
    assert all(row.payment_minor == row.principal_minor + row.interest_minor for row in schedule)
    assert all(one.closing_balance_minor == two.opening_balance_minor for one, two in pairwise(schedule))


@given(TERMS | SMALL_TERMS, FIRST_DUE)
def test_all_payments_but_the_last_are_equal_and_due_on_their_dates(terms: LoanTerms, first: date) -> None:
    schedule = schedule_or_reject(terms, first)

    assert len({row.payment_minor for row in schedule[:-1]}) <= 1
    assert [row.n for row in schedule] == list(range(1, terms.term_months + 1))
    assert tuple(row.due_on for row in schedule) == due_dates(first, terms.term_months)


@given(SMALL_TERMS)
def test_a_schedule_is_refused_exactly_when_a_plain_calculation_repays_nothing_in_some_row(terms: LoanTerms) -> None:
    principals = plain_principals(terms)

    if min(principals) < 1:
        with pytest.raises(TermsNotAmortizable):
            build_schedule(terms, date(2024, 1, 31))
    else:
        assert [row.principal_minor for row in build_schedule(terms, date(2024, 1, 31))] == principals


@given(TERMS, FIRST_DUE)
def test_the_rates_of_a_regular_loan_lie_between_what_its_rows_charge(terms: LoanTerms, first: date) -> None:
    schedule = schedule_or_reject(terms, first)
    disbursed_on = add_months(first, -1)
    assume(add_months(disbursed_on, 1) == first)
    charged = [Fraction(row.interest_minor, row.opening_balance_minor) for row in schedule]

    us, eu = us_apr_percent_of(schedule, disbursed_on), eu_aprc_percent_of(schedule, disbursed_on)

    assert within(us, 1200 * min(charged), 1200 * max(charged))
    assert within(eu, 100 * ((1 + min(charged)) ** 12 - 1), 100 * ((1 + max(charged)) ** 12 - 1))
    assert us <= eu


@given(TERMS | SMALL_TERMS, FIRST_DUE, st.integers(min_value=1, max_value=62))
def test_every_schedule_has_both_rates_whatever_its_first_period(terms: LoanTerms, first: date, days: int) -> None:
    schedule = schedule_or_reject(terms, first)
    disbursed_on = first - timedelta(days)

    rates = us_apr_percent_of(schedule, disbursed_on), eu_aprc_percent_of(schedule, disbursed_on)

    assert all(rate.as_tuple().exponent == -2 for rate in rates)
    assert all(rate >= 0 for rate in rates)


@given(
    PRINCIPALS,
    st.lists(st.fractions(min_value=0, max_value=Fraction(1, 12), max_denominator=10**6), min_size=1, max_size=60),
)
def test_periods_with_rates_of_their_own_repay_the_principal_too(principal: int, rates: list[Fraction]) -> None:
    dates = due_dates(date(2024, 1, 31), len(rates))

    schedule = amortized_or_reject(principal, rates, dates)

    assert sum(row.principal_minor for row in schedule) == principal
    assert schedule[-1].closing_balance_minor == 0


def schedule_or_reject(terms: LoanTerms, first: date) -> tuple[ScheduledInstallment, ...]:
    """Build a schedule; an example whose terms are refused is passed over, any other error fails."""
    try:
        return build_schedule(terms, first)
    except TermsNotAmortizable:
        reject()


def amortized_or_reject(
    principal: int, rates: list[Fraction], dates: tuple[date, ...]
) -> tuple[ScheduledInstallment, ...]:
    try:
        return amortize(principal, rates, dates)
    except TermsNotAmortizable:
        reject()


def plain_principals(terms: LoanTerms) -> list[int]:
    """Work out the principal of every row as a textbook would: slowly, with another rounding, refusing nothing."""
    balance, months = Fraction(terms.principal.amount_minor), terms.term_months
    rate = Fraction(terms.annual_rate_percent) / 1200
    installment = rounded(balance * rate / (1 - (1 + rate) ** -months) if rate else balance / months)
    principals = []
    for _ in range(months - 1):
        principals.append(installment - rounded(balance * rate))
        balance -= principals[-1]
    return [*principals, int(balance)]


def rounded(value: Fraction) -> int:
    whole, rest = divmod(abs(value.numerator), value.denominator)
    magnitude = whole + int((Decimal(rest) / Decimal(value.denominator)).quantize(Decimal(1), ROUND_HALF_UP))
    return magnitude if value >= 0 else -magnitude


def within(percent: Decimal, lowest: Fraction, highest: Fraction) -> bool:
    return lowest - SLACK <= Fraction(percent) <= highest + SLACK
