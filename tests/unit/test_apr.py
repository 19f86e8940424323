# SPDX-License-Identifier: Apache-2.0
"""The two rates of a schedule, and how its first period is counted; the published tables are in test_loan_cases.py."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from app.domain.apr import (
    UnitPeriodPayment,
    YearsPayment,
    eu_aprc_percent,
    eu_aprc_percent_of,
    us_apr_percent,
    us_apr_percent_of,
)
from app.domain.calendar import due_dates
from app.domain.schedule import ScheduledInstallment, build_schedule
from app.domain.terms import LoanTerms

FIRST = date(2024, 2, 1)


def test_a_regular_loan_has_its_own_rate_in_the_us_and_the_effective_one_in_the_eu() -> None:
    schedule = schedule_of("10", 36)

    assert us_apr_percent_of(schedule, date(2024, 1, 1)) == Decimal("10.00")
    assert eu_aprc_percent_of(schedule, date(2024, 1, 1)) == Decimal("10.47")


@pytest.mark.parametrize("months", [1, 2, 600])
def test_a_loan_without_interest_has_a_rate_of_zero(months: int) -> None:
    schedule = schedule_of("0", months)

    rates = us_apr_percent_of(schedule, date(2023, 12, 20)), eu_aprc_percent_of(schedule, date(2023, 12, 20))

    assert [str(rate) for rate in rates] == ["0.00", "0.00"]


def test_the_published_long_first_period_gives_its_published_rate_from_the_dates() -> None:
    # Regulation Z Appendix J (c)(1)(ii): 6 000 on 10 February 1978, 36 x 200 from 1 April on, 11.82 %.
    schedule = [
        ScheduledInstallment(
            n, due_on, 600_000 - 16_000 * (n - 1), 16_000, 4_000
        )  # how a payment is split has no effect
        for n, due_on in enumerate(due_dates(date(1978, 4, 1), 36), 1)
    ]

    assert us_apr_percent_of(schedule, date(1978, 2, 10)) == Decimal("11.82")


def test_a_single_payment_has_its_term_as_its_unit_period() -> None:
    # Regulation Z Appendix J (c)(5)(i): 1 000 on 3 January 1978, 1 080 on 15 September, 11.45 %.
    schedule = [ScheduledInstallment(1, date(1978, 9, 15), 100_000, 100_000, 8_000)]

    assert us_apr_percent_of(schedule, date(1978, 1, 3)) == Decimal("11.45")


@pytest.mark.parametrize(("disbursed_on", "percent"), [(date(1978, 8, 15), "96.00"), (date(1978, 3, 15), "16.00")])
def test_a_single_payment_after_whole_months_counts_them_and_not_their_days(disbursed_on: date, percent: str) -> None:
    schedule = [ScheduledInstallment(1, date(1978, 9, 15), 100_000, 100_000, 8_000)]

    assert us_apr_percent_of(schedule, disbursed_on) == Decimal(percent)


def test_a_short_first_period_raises_both_rates_and_a_long_one_lowers_them() -> None:
    schedule = schedule_of("10", 12)
    days = (date(2024, 1, 20), date(2024, 1, 1), date(2023, 12, 20))

    us, eu = ([rate(schedule, day) for day in days] for rate in (us_apr_percent_of, eu_aprc_percent_of))

    assert us[0] > us[1] == Decimal("10.00") > us[2]
    assert eu[0] > eu[1] == Decimal("10.47") > eu[2]


@pytest.mark.parametrize(
    ("disbursed_on", "due_on", "years"),
    [
        (date(2024, 3, 1), date(2024, 4, 1), Fraction(1, 12)),
        (date(2024, 2, 28), date(2024, 4, 1), Fraction(1, 12) + Fraction(2, 366)),  # 1 March 2023 to 1 March 2024
        (date(2024, 1, 31), date(2024, 3, 1), Fraction(1, 12) + Fraction(1, 365)),  # 1 February 2023 to 1 February 2024
        (date(2023, 12, 2), date(2024, 3, 1), Fraction(2, 12) + Fraction(30, 365)),
    ],
)
def test_odd_days_are_parts_of_the_year_that_ends_with_them(disbursed_on: date, due_on: date, years: Fraction) -> None:
    schedule = [ScheduledInstallment(1, due_on, 10**9, 10**9, 8 * 10**7)]

    expected = eu_aprc_percent(10**9, [YearsPayment(108 * 10**7, years)])

    assert eu_aprc_percent_of(schedule, disbursed_on) == expected


def test_a_rate_that_ends_in_a_five_is_rounded_up() -> None:
    assert us_apr_percent(2_400_000, [UnitPeriodPayment(2_400_010, 1)], 12) == Decimal("0.01")
    assert eu_aprc_percent(10_000_000, [YearsPayment(10_100_500, Fraction(1))]) == Decimal("1.01")


def test_a_rate_beyond_all_measure_still_has_two_decimals() -> None:
    one_day = [ScheduledInstallment(1, FIRST, 6, 6, 1)]

    assert eu_aprc_percent_of(one_day, date(2024, 1, 31)).as_tuple().exponent == -2


def test_a_payment_counts_from_the_advance_unless_a_fraction_is_given() -> None:
    assert us_apr_percent(10_000, [UnitPeriodPayment(11_000, 1)], 1) == Decimal("10.00")
    assert us_apr_percent(10_000, [UnitPeriodPayment(11_000, 0, Fraction(1, 2))], 1) == Decimal("20.00")


def schedule_of(rate: str, months: int) -> tuple[ScheduledInstallment, ...]:
    terms = LoanTerms.of(currency="EUR", principal_minor=10**8, annual_rate_percent=rate, term_months=months)
    return build_schedule(terms, FIRST)
