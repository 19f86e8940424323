# SPDX-License-Identifier: Apache-2.0
"""What holds for every rounding."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.domain.rounding import round_half_up


@given(st.fractions())
def test_no_integer_is_nearer(value: Fraction) -> None:
    assert abs(round_half_up(value) - value) <= Fraction(1, 2)


@given(st.integers())
def test_a_tie_goes_away_from_zero(whole: int) -> None:
    tie = whole + Fraction(1, 2)

    assert abs(round_half_up(tie)) == abs(tie) + Fraction(1, 2)


@given(st.fractions())
def test_a_debt_is_rounded_like_the_claim_on_the_other_side(value: Fraction) -> None:
    assert round_half_up(-value) == -round_half_up(value)


@given(st.integers(), st.integers(min_value=1))
def test_a_division_of_integers_is_the_fraction_itself(value: int, divisor: int) -> None:
    assert round_half_up(value, divisor) == round_half_up(Fraction(value, divisor))
