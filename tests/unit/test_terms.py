# SPDX-License-Identifier: Apache-2.0
"""Which terms a loan can have."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.errors import InvalidTerms
from app.domain.money import Currency, Money
from app.domain.terms import LoanTerms

ORDINARY: dict[str, Any] = {
    "currency": "EUR",
    "principal_minor": 100_000,
    "annual_rate_percent": "7.25",
    "term_months": 36,
}


def test_ordinary_terms_are_kept_exactly() -> None:
    terms = LoanTerms.of(**ORDINARY)

    assert terms == LoanTerms(Money(100_000, Currency.EUR), Decimal("7.25"), 36)


@pytest.mark.parametrize(
    "change",
    [
        {"principal_minor": 1},
        {"principal_minor": 10**12},
        {"annual_rate_percent": "0"},
        {"annual_rate_percent": "100"},
        {"annual_rate_percent": "9.482201"},
        {"term_months": 1},
        {"term_months": 600},
        {"currency": "JPY"},
    ],
)
def test_the_limits_themselves_are_possible(change: dict[str, Any]) -> None:
    terms = LoanTerms.of(**ORDINARY | change)

    assert terms.term_months >= 1


@pytest.mark.parametrize("principal", [0, -1, 10**12 + 1, 2**63, 10**30])
def test_a_principal_out_of_range_is_refused(principal: int) -> None:
    assert faults(principal_minor=principal) == [("principal_minor", "out_of_range")]


@pytest.mark.parametrize(
    "rate",
    [
        "-1",
        "100.000001",
        "101",
        "1000",
        "NaN",
        "Infinity",
        "1e5",
        "1_0",
        " 5 ",
        "5\n",
        "٥",
        "5,5",
        "0x5",
        "",
        ".5",
        "5.",
        "0.00000000000000000001",
    ],
)
def test_a_rate_that_is_no_plain_decimal_is_refused(rate: str) -> None:
    assert faults(annual_rate_percent=rate) == [("annual_rate_percent", "invalid_rate")]


@pytest.mark.parametrize("term", [0, -1, 601])
def test_a_term_out_of_range_is_refused(term: int) -> None:
    assert faults(term_months=term) == [("term_months", "out_of_range")]


@pytest.mark.parametrize("currency", ["usd", "US", "ZZZ", "ＵＳＤ", "US\u200bD", "XAU", "$", "ıSK", ""])
def test_a_currency_outside_the_list_is_refused(currency: str) -> None:
    assert faults(currency=currency) == [("currency", "unknown_currency")]


def test_all_faults_are_reported_at_once() -> None:
    found = faults(currency="ZZZ", principal_minor=0, annual_rate_percent="x", term_months=0)

    assert [field for field, _ in found] == ["currency", "principal_minor", "annual_rate_percent", "term_months"]


def test_the_text_of_the_error_does_not_repeat_the_value() -> None:
    with pytest.raises(InvalidTerms) as refusal:
        LoanTerms.of(**ORDINARY | {"annual_rate_percent": "zz-canary"})

    assert "zz-canary" not in f"{refusal.value} {refusal.value.faults}"


def faults(**changes: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # terms of several types
    """Request terms and return which were refused, and why."""
    with pytest.raises(InvalidTerms) as refusal:
        LoanTerms.of(**ORDINARY | changes)
    return [(fault.field, fault.code) for fault in refusal.value.faults]
