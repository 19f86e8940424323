# SPDX-License-Identifier: Apache-2.0
"""What people apply for: plausible loan applications, and the mistakes they make in them."""

import random
import uuid
from typing import Any, NamedTuple

Application = dict[str, Any]

CURRENCIES = ("EUR", "USD", "GBP")


class Mistake(NamedTuple):
    """One wrong field of an application; the service has to point at it."""

    field: str
    value: object

    @property
    def pointer(self) -> str:
        """Give the JSON pointer at which the service reports this mistake."""
        return f"/{self.field}"


# One per field, so that a run meets every validation that a slip of the pen can reach.
MISTAKES = (
    Mistake("borrower_id", "the borrower's name"),
    Mistake("currency", "EURO"),
    Mistake("principal_minor", 0),
    Mistake("annual_rate_percent", "-1"),
    Mistake("term_months", 0),
)


def an_application() -> Application:
    """Draw an application of 500 to 50,000 currency units over half a year to five years."""
    return {
        "borrower_id": str(uuid.uuid4()),
        "currency": random.choice(CURRENCIES),
        "principal_minor": random.randrange(50_000, 5_000_001, 1_000),
        "annual_rate_percent": f"{random.randrange(10_000, 150_000) / 10_000:.4f}",
        "term_months": random.choice((6, 12, 24, 36, 60)),
    }


def a_mistaken_application() -> tuple[Application, Mistake]:
    """Draw an application with one field wrong, and say which."""
    mistake = random.choice(MISTAKES)
    return {**an_application(), mistake.field: mistake.value}, mistake
