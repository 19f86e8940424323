# SPDX-License-Identifier: Apache-2.0
"""Money: a whole number of minor units in one currency."""

from dataclasses import dataclass
from enum import StrEnum


class Currency(StrEnum):
    """The ISO 4217 codes in which the service lends; a closed list, so it may label metrics."""

    CHF = "CHF"
    DKK = "DKK"
    EUR = "EUR"
    GBP = "GBP"
    JPY = "JPY"
    KWD = "KWD"
    NOK = "NOK"
    PLN = "PLN"
    SEK = "SEK"
    USD = "USD"

    @property
    def exponent(self) -> int:
        """Give the number of decimals of the major unit, by ISO 4217."""
        return EXPONENTS.get(self, 2)


EXPONENTS = {Currency.JPY: 0, Currency.KWD: 3}  # the others have 2


@dataclass(frozen=True)
class Money:
    """An amount in minor units: cents for EUR, whole yen for JPY, thousandths for KWD."""

    amount_minor: int
    currency: Currency
