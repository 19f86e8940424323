# SPDX-License-Identifier: Apache-2.0
"""Where the made-up loans are lent: currencies, their countries, and what is usual there."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final

from app.domain.money import Currency, Money
from app.domain.terms import LoanTerms

TERMS: Final = (6, 12, 18, 24, 36, 48, 60)  # months
TERM_SHARES: Final = (8, 22, 14, 26, 18, 8, 4)
FREE_SHARE: Final = 0.02  # of the loans bear no interest, as in a shop's promotion


@dataclass(frozen=True)
class Market:
    """One currency: amounts in major units, rates in hundredths of a percent a year."""

    currency: Currency
    countries: tuple[str, ...]
    share: int
    typical: int
    step: int
    rates: tuple[int, int]
    late_fee: int

    def minor(self, major: int) -> int:
        """Turn major units into minor ones."""
        return int(major * 10**self.currency.exponent)


MARKETS: Final = (
    Market(Currency.EUR, ("DE", "FR", "NL", "ES", "IT", "AT", "IE"), 34, 9000, 100, (390, 1290), 12),
    Market(Currency.USD, ("US",), 18, 11000, 100, (599, 2490), 25),
    Market(Currency.GBP, ("GB",), 14, 8000, 100, (490, 1990), 12),
    Market(Currency.CHF, ("CH", "LI"), 6, 15000, 500, (450, 1090), 20),
    Market(Currency.SEK, ("SE",), 7, 90_000, 1000, (395, 1495), 60),
    Market(Currency.NOK, ("NO",), 5, 95_000, 1000, (590, 1690), 70),
    Market(Currency.DKK, ("DK",), 4, 65_000, 1000, (490, 1590), 100),
    Market(Currency.PLN, ("PL",), 5, 30_000, 500, (799, 1890), 20),
    Market(Currency.JPY, ("JP",), 5, 1_200_000, 10_000, (200, 1450), 1000),
    Market(Currency.KWD, ("KW",), 2, 3000, 50, (400, 900), 5),
)
SHARES: Final = tuple(market.share for market in MARKETS)


def choose_market(rng: Random) -> Market:
    """Draw a market by its share."""
    return rng.choices(MARKETS, SHARES)[0]


def choose_terms(rng: Random, market: Market) -> LoanTerms:
    """Draw an amount around the usual one, a term, and a rate."""
    steps = round(market.typical * rng.lognormvariate(0, 0.6) / market.step)
    principal = Money(market.minor(max(1, steps) * market.step), market.currency)
    hundredths = 0 if rng.random() < FREE_SHARE else rng.randint(*market.rates)
    return LoanTerms(principal, Decimal(hundredths).scaleb(-2), rng.choices(TERMS, TERM_SHARES)[0])
