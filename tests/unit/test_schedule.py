# SPDX-License-Identifier: Apache-2.0
"""A schedule's rows, their order, and terms that have none; the published tables are in test_loan_cases.py."""

from datetime import date
from fractions import Fraction

import pytest

from app.domain.calendar import due_dates
from app.domain.errors import InvalidDate, TermsNotAmortizable
from app.domain.schedule import ScheduledInstallment, amortize, build_schedule, level_installment
from app.domain.terms import LoanTerms

FIRST = date(2024, 1, 31)
PERCENT = Fraction(1, 100)


def test_a_schedule_is_a_row_for_each_month() -> None:
    schedule = build_schedule(terms(10_000, "24", 2), FIRST)

    assert schedule == (
        ScheduledInstallment(1, date(2024, 1, 31), 10_000, 4_950, 200),
        ScheduledInstallment(2, date(2024, 2, 29), 5_050, 5_050, 101),
    )


def test_a_row_has_its_payment_and_what_is_left() -> None:
    row = ScheduledInstallment(1, FIRST, 10_000, 4_950, 200)

    assert (row.payment_minor, row.closing_balance_minor) == (5_150, 5_050)


def test_a_loan_over_one_month_is_repaid_at_once() -> None:
    assert build_schedule(terms(1, "100", 1), FIRST) == (ScheduledInstallment(1, FIRST, 1, 1, 0),)


def test_a_tie_in_the_interest_is_rounded_up() -> None:
    # 15 000 000 x 3.625 % / 12 = 45 312.5: a periodic rate rounded before the multiplication would lose the tie.
    assert build_schedule(terms(15_000_000, "3.625", 360), FIRST)[0].interest_minor == 45_313


def test_the_smallest_installment_repays_one_minor_unit_a_month() -> None:
    schedule = build_schedule(terms(600, "0", 600), FIRST)

    assert {row.principal_minor for row in schedule} == {1}


@pytest.mark.parametrize(
    ("principal", "rate", "months"),
    [
        (599, "0", 600),  # the last row would find nothing left
        (1, "5", 12),  # the installment is rounded to nothing
        (100_000, "100", 600),  # the installment is the interest
    ],
)
def test_an_installment_that_would_repay_nothing_is_refused(principal: int, rate: str, months: int) -> None:
    with pytest.raises(TermsNotAmortizable):
        build_schedule(terms(principal, rate, months), FIRST)


def test_a_last_due_date_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidDate):
        build_schedule(terms(10_000, "5", 2), date(9999, 12, 31))


def test_a_given_installment_replaces_the_level_one_and_the_last_row_balances() -> None:
    schedule = amortize(10_000, [PERCENT] * 3, due_dates(FIRST, 3), 5_000)

    assert [row.payment_minor for row in schedule] == [5_000, 5_000, 153]


def test_a_given_installment_that_repays_too_early_is_refused() -> None:
    with pytest.raises(TermsNotAmortizable):
        amortize(10_000, [PERCENT] * 3, due_dates(FIRST, 3), 6_000)


def test_every_period_is_charged_at_its_own_rate() -> None:
    schedule = amortize(10_000, [PERCENT, 2 * PERCENT, Fraction(0)], due_dates(FIRST, 3))

    assert [row.interest_minor for row in schedule] == [100, 134, 0]


def test_each_rate_needs_its_due_date() -> None:
    with pytest.raises(ValueError, match="shorter"):
        amortize(10_000, [PERCENT] * 3, due_dates(FIRST, 2))


def test_the_level_installment_is_the_principal_over_the_discount_factors() -> None:
    rates = [PERCENT, Fraction(0), 3 * PERCENT]

    factors = 1 / Fraction("1.01") + 1 / Fraction("1.01") + 1 / (Fraction("1.01") * Fraction("1.03"))

    assert Fraction(*level_installment(10_000, rates)) == 10_000 / factors


def terms(principal: int, rate: str, months: int) -> LoanTerms:
    return LoanTerms.of(currency="EUR", principal_minor=principal, annual_rate_percent=rate, term_months=months)
