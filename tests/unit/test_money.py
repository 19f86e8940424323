# SPDX-License-Identifier: Apache-2.0
"""Money in whole minor units."""

from app.domain.money import Currency


def test_every_currency_has_the_decimals_of_iso_4217() -> None:
    exponents = {currency.value: currency.exponent for currency in Currency}

    assert exponents == {"JPY": 0, "KWD": 3} | dict.fromkeys(
        ("CHF", "DKK", "EUR", "GBP", "NOK", "PLN", "SEK", "USD"), 2
    )
