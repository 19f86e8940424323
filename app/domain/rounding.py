# SPDX-License-Identifier: Apache-2.0
"""The only rounding of amounts and rates in the service; nothing else may round money."""

from fractions import Fraction


def round_half_up(value: Fraction | int, divisor: int = 1) -> int:
    """Round value / divisor to the nearest integer, ties away from zero; the divisor is positive.

    Spreadsheets, textbooks and the EU's rule for the APR round so; Python's round() takes ties to the even neighbour.
    """
    denominator = value.denominator * divisor
    magnitude = (2 * abs(value.numerator) + denominator) // (2 * denominator)
    return magnitude if value.numerator >= 0 else -magnitude
