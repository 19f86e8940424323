# SPDX-License-Identifier: Apache-2.0
"""The one rounding: to the nearest integer, ties away from zero."""

from fractions import Fraction

import pytest

from app.domain.rounding import round_half_up


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (Fraction(0), 0),
        (Fraction(1, 2), 1),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 3),
        (Fraction(-1, 2), -1),
        (Fraction(-3, 2), -2),
        (Fraction(-5, 2), -3),
        (Fraction(499_999, 1_000_000), 0),
        (Fraction(500_001, 1_000_000), 1),
        (Fraction(-499_999, 1_000_000), 0),
        (Fraction(-4, 3), -1),
        (Fraction(7), 7),
        (Fraction(523_125, 1_000) * 100, 52_313),  # the tie in the first row of a published mortgage
    ],
)
def test_a_fraction_goes_to_its_nearest_integer_and_ties_away_from_zero(value: Fraction, rounded: int) -> None:
    assert round_half_up(value) == rounded


@pytest.mark.parametrize(
    ("value", "divisor", "rounded"), [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (7, 1, 7), (10**30, 4, 25 * 10**28)]
)
def test_a_division_of_integers_is_rounded_the_same_way(value: int, divisor: int, rounded: int) -> None:
    assert round_half_up(value, divisor) == rounded


def test_a_fraction_can_be_divided_too() -> None:
    assert round_half_up(Fraction(5, 3), 2) == 1
    assert round_half_up(Fraction(9, 3), 2) == 2
