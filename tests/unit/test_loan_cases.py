# SPDX-License-Identifier: Apache-2.0
"""The mathematics of loans against the published figures of other systems, laws and textbooks.

Where a convention differs from ours the case holds our figure, and its notes give the reason.
"""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from app.domain.apr import UnitPeriodPayment, YearsPayment, eu_aprc_percent, us_apr_percent
from app.domain.calendar import due_dates
from app.domain.day_count import days_30_360, days_30e_360, years_actual_365, years_actual_actual
from app.domain.errors import InvalidTerms, TermsNotAmortizable
from app.domain.money import Currency
from app.domain.rounding import round_half_up
from app.domain.schedule import ScheduledInstallment, amortize, build_schedule, level_installment
from app.domain.terms import LoanTerms
from tests.loan_cases import named

SCHEDULES = named("schedule_cases")
APRS = named("apr_cases")
DUE_DATES = named("due_date_cases")
DAY_COUNTS = named("day_count_cases")
REJECTED = named("rejected_terms_cases")

ANY_DAY = date(2024, 1, 31)
PERIODS_PER_YEAR = {"monthly": 12, "every 2 weeks (26/year)": 26, "every 2 weeks": 26}
# The file describes these flows in words: how many monthly payments of how much for 10 000.
FLOWS_IN_WORDS = {"A23": (60, "222.44"), "A26": (36, "322.67")}
DAYS = {"30/360 Bond Basis (ISDA)": days_30_360, "30E/360 Eurobond": days_30e_360}
YEARS = {"actual/actual ISDA": years_actual_actual, "actual/365": years_actual_365}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_has_the_published_rows(name: str) -> None:
    expected = SCHEDULES[name]["expected"]

    schedule = schedule_of(SCHEDULES[name]["inputs"])

    assert [as_published(schedule[row["n"] - 1]) for row in expected["rows"]] == expected["rows"]


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_has_the_published_totals(name: str) -> None:
    expected = SCHEDULES[name]["expected"]

    schedule = schedule_of(SCHEDULES[name]["inputs"])

    assert schedule[0].payment_minor == expected["installment_minor"]
    assert schedule[-1].payment_minor == expected["last_payment_minor"]
    assert sum(row.interest_minor for row in schedule) == expected["total_interest_minor"]
    assert sum(row.payment_minor for row in schedule) == expected["total_paid_minor"]
    assert schedule[-1].closing_balance_minor == 0


@pytest.mark.parametrize("name", [name for name in SCHEDULES if "installment_unrounded" in SCHEDULES[name]["expected"]])
def test_the_level_installment_agrees_to_ten_decimals(name: str) -> None:
    inputs, expected = SCHEDULES[name]["inputs"], Decimal(SCHEDULES[name]["expected"]["installment_unrounded"])
    minor_units = Fraction(inputs["principal_minor"]) / Fraction(inputs["principal"])

    installment = Fraction(*level_installment(inputs["principal_minor"], period_rates(inputs))) / minor_units

    assert round_half_up(installment * 10**10) == expected * 10**10


def test_the_sample_closing_disclosure_repays_its_principal_at_the_published_pace() -> None:
    schedule = schedule_of(SCHEDULES["S22"]["inputs"])

    assert sum(row.principal_minor for row in schedule[:60]) == 1577258


@pytest.mark.parametrize("name", [name for name in APRS if name < "A20"])
def test_the_us_rate_is_the_published_one(name: str) -> None:
    inputs = APRS[name]["inputs"]

    percent = us_apr_percent(
        cents(inputs["amount_advanced"]), unit_period_payments(inputs["payments"]), inputs["unit_periods_per_year"]
    )

    assert percent == Decimal(APRS[name]["expected_apr_percent"])


@pytest.mark.parametrize("name", [name for name in APRS if name >= "A20"])
def test_the_eu_rate_is_the_published_one(name: str) -> None:
    case = APRS[name]

    percent = eu_aprc_percent(*eu_flows(name))

    assert abs(percent - Decimal(case["expected_apr_percent"])) <= Decimal(case["tolerance"])
    assert percent == Decimal(case["computed_apr_percent"]).quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize("name", DUE_DATES)
def test_due_dates_are_the_published_ones(name: str) -> None:
    case = DUE_DATES[name]

    dates = due_dates(date.fromisoformat(case["first_due"]), case["n"])

    assert [day.isoformat() for day in dates] == case["expected"]


@pytest.mark.parametrize("name", [name for name, case in DAY_COUNTS.items() if "days" in case])
def test_days_are_counted_as_published(name: str) -> None:
    case = DAY_COUNTS[name]

    assert DAYS[case["convention"]](*period(case)) == case["days"]


@pytest.mark.parametrize("name", [name for name, case in DAY_COUNTS.items() if "days" not in case])
def test_years_are_counted_as_published(name: str) -> None:
    case = DAY_COUNTS[name]
    percent = Fraction(case.get("annual_rate_percent", 100))

    rate = YEARS[case["convention"]](*period(case)) * percent / 100

    published = Fraction(case.get("year_fraction") or case["period_rate"])
    assert abs(rate - published) < Fraction(1, 10**11)  # one source has ten decimals, the others twelve


@pytest.mark.parametrize("name", REJECTED)
def test_terms_that_repay_nothing_are_refused(name: str) -> None:
    inputs = REJECTED[name]["inputs"]
    principal = minor(inputs["principal"], inputs["currency"])
    rates = period_rates(inputs | {"frequency": "monthly"})

    assert round_half_up(*level_installment(principal, rates)) == REJECTED[name]["naive_installment_minor"]
    with pytest.raises(TermsNotAmortizable):
        amortize(principal, rates, due_dates(ANY_DAY, inputs["periods"]))


@pytest.mark.parametrize(
    ("name", "fault"),
    [(name, ("annual_rate_percent", "invalid_rate") if name == "R04" else None) for name in REJECTED],
)
def test_a_rate_beyond_the_product_is_refused_before_its_schedule(name: str, fault: tuple[str, str] | None) -> None:
    inputs = REJECTED[name]["inputs"]

    with pytest.raises(InvalidTerms) as refusal:
        build_schedule(terms(inputs | {"principal_minor": minor(inputs["principal"], inputs["currency"])}), ANY_DAY)

    found = [(each.field, each.code) for each in refusal.value.faults]
    assert found == [fault or ("term_months", "terms_not_amortizable")]


def schedule_of(inputs: dict[str, Any]) -> tuple[ScheduledInstallment, ...]:
    """Build a case's schedule: the product's own where it is one, else with the core that can do more."""
    if inputs["frequency"] == "monthly" and inputs["day_count"] != "actual/365" and inputs["currency"] in set(Currency):
        return build_schedule(terms(inputs), ANY_DAY)
    dates = due_dates(ANY_DAY, inputs["periods"])  # of no matter to the amounts: the rates are those of the periods
    return amortize(inputs["principal_minor"], period_rates(inputs), dates, inputs.get("installment_override_minor"))


def terms(inputs: dict[str, Any]) -> LoanTerms:
    return LoanTerms.of(
        currency=inputs["currency"],
        principal_minor=inputs["principal_minor"],
        annual_rate_percent=inputs["annual_rate_percent"],
        term_months=inputs["periods"],
    )


def period_rates(inputs: dict[str, Any]) -> Sequence[Fraction]:
    rate = Fraction(inputs["annual_rate_percent"]) / 100
    if inputs.get("day_count") != "actual/365":
        return [rate / PERIODS_PER_YEAR[inputs["frequency"]]] * inputs["periods"]
    days = [date.fromisoformat(day) for day in [inputs["disbursed_on"], *inputs["due_dates"]]]
    return [rate * years_actual_365(*pair) for pair in pairwise(days)]


def as_published(row: ScheduledInstallment) -> dict[str, int]:
    return {
        "n": row.n,
        "interest_minor": row.interest_minor,
        "principal_minor": row.principal_minor,
        "payment_minor": row.payment_minor,
        "balance_minor": row.closing_balance_minor,
    }


def unit_period_payments(given: list[dict[str, Any]] | dict[str, Any]) -> list[UnitPeriodPayment]:
    if isinstance(given, list):
        return [
            UnitPeriodPayment(cents(each["amount"]), each["full_unit_periods"], Fraction(each["fraction"]))
            for each in given
        ]
    first, fraction = given["first_full_unit_periods"], Fraction(given["fraction"])
    return [UnitPeriodPayment(cents(given["amount"]), first + n, fraction) for n in range(given["repeat"])]


def eu_flows(name: str) -> tuple[int, list[YearsPayment]]:
    if name in FLOWS_IN_WORDS:
        count, amount = FLOWS_IN_WORDS[name]
        return cents("10000"), [YearsPayment(cents(amount), Fraction(n, 12)) for n in range(1, count + 1)]
    drawdown, *payments = APRS[name]["inputs"]["flows"]
    return cents(drawdown["amount"]), [YearsPayment(-cents(p["amount"]), Fraction(p["years"])) for p in payments]


def period(case: dict[str, Any]) -> tuple[date, date]:
    return date.fromisoformat(case["start"]), date.fromisoformat(case["end"])


def cents(amount: str) -> int:
    return minor(amount, Currency.USD)


def minor(amount: str, currency: str) -> int:
    return int(Decimal(amount).scaleb(Currency(currency).exponent))
