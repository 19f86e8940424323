# SPDX-License-Identifier: Apache-2.0
"""Generated applicants, applications and mistakes: plausible, but not of real people."""

import random
import uuid
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

Body = dict[str, Any]

GIVEN_NAMES = ("Ada", "Bela", "Chidi", "Dana", "Emre", "Fátima", "Grzegorz", "Hiroko", "Ines", "Jón")
FAMILY_NAMES = ("Almeida", "Berg", "Castellano", "Dubois", "Eriksen", "Farkas", "Gruber", "Ó Briain", "Novák", "Zhang")
COUNTRIES = ("AT", "DE", "ES", "FR", "IE", "IT", "NL", "PL")
CURRENCIES = ("EUR", "USD", "GBP")
# The principal's step: ten of the currency.
STEP_MINOR = 1_000


class Mistake(NamedTuple):
    """One wrong member of an application; the service has to point at it."""

    field: str
    value: object

    @property
    def pointer(self) -> str:
        """Give the JSON pointer at which the service reports this mistake."""
        return f"/{self.field}"


# One per member, so that a run meets every validation that a slip of the pen can reach.
MISTAKES = (
    Mistake("borrower_id", "the borrower's name"),
    Mistake("currency", "EURO"),
    Mistake("principal_minor", 0),
    Mistake("annual_rate_percent", "-1"),
    Mistake("term_months", 0),
)


def today() -> date:
    """Give the service's day, which is UTC's."""
    return datetime.now(UTC).date()


def a_person() -> Body:
    """Draw a borrower with an e-mail address in .example, which is reserved (RFC 2606)."""
    return {
        "full_name": f"{random.choice(GIVEN_NAMES)} {random.choice(FAMILY_NAMES)}",
        "email": f"{uuid.uuid4().hex}@borrower.example",
        "country": random.choice(COUNTRIES),
        "date_of_birth": str(date(random.randrange(1950, 2005), random.randrange(1, 13), random.randrange(1, 29))),
    }


def some_terms() -> Body:
    """Draw terms of 500 to 50,000 currency units over half a year to five years."""
    return {
        "currency": random.choice(CURRENCIES),
        "principal_minor": random.randrange(50_000, 5_000_001, STEP_MINOR),
        "annual_rate_percent": f"{random.randrange(10_000, 150_000) / 10_000:.4f}",
        "term_months": random.choice((6, 12, 24, 36, 60)),
    }


def an_application(borrower_id: str, terms: Body | None = None) -> Body:
    """Make an application of a borrower, for these or any terms."""
    return {"borrower_id": borrower_id, **(terms or some_terms())}


def a_mistaken_application(borrower_id: str) -> tuple[Body, Mistake]:
    """Draw an application with one wrong member, and return its name."""
    mistake = random.choice(MISTAKES)
    return {**an_application(borrower_id), mistake.field: mistake.value}, mistake
