# SPDX-License-Identifier: Apache-2.0
"""The terms of a loan: how much, at which rate, for how long."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from app.domain.errors import Fault, InvalidTerms
from app.domain.money import Currency, Money

LARGEST_PRINCIPAL_MINOR = 10**12  # the interest on it still fits a BIGINT at 100 % over 600 months
HIGHEST_RATE_PERCENT = 100
LONGEST_TERM_MONTHS = 600
# Plain ASCII digits and at most six decimals: Decimal() alone would take "1e5", "NaN", "1_0" and other digits.
RATE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?", re.ASCII)


@dataclass(frozen=True)
class LoanTerms:
    """Terms that a loan can have."""

    principal: Money
    annual_rate_percent: Decimal
    term_months: int

    @classmethod
    def of(cls, *, currency: str, principal_minor: int, annual_rate_percent: str, term_months: int) -> Self:
        """Build terms from an applicant's request; raise InvalidTerms with every fault at once."""
        faults = tuple(_faults(currency, principal_minor, annual_rate_percent, term_months))
        if faults:
            raise InvalidTerms(*faults)
        return cls(Money(principal_minor, Currency(currency)), Decimal(annual_rate_percent), term_months)


def _faults(currency: str, principal_minor: int, annual_rate_percent: str, term_months: int) -> Iterator[Fault]:
    if currency not in set(Currency):
        yield Fault("currency", "unknown_currency", f"One of {', '.join(Currency)} is expected.")
    if not 1 <= principal_minor <= LARGEST_PRINCIPAL_MINOR:
        yield Fault("principal_minor", "out_of_range", f"1 to {LARGEST_PRINCIPAL_MINOR} minor units are expected.")
    if not RATE.fullmatch(annual_rate_percent) or Decimal(annual_rate_percent) > HIGHEST_RATE_PERCENT:
        text = f"A decimal string from 0 to {HIGHEST_RATE_PERCENT} with at most 6 decimals is expected."
        yield Fault("annual_rate_percent", "invalid_rate", text)
    if not 1 <= term_months <= LONGEST_TERM_MONTHS:
        yield Fault("term_months", "out_of_range", f"1 to {LONGEST_TERM_MONTHS} months are expected.")
