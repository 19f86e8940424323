# SPDX-License-Identifier: Apache-2.0
"""The portfolio: its loan number i is always the same, whatever was made before it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from app.domain.borrower import Borrower
from app.domain.loan import Loan
from app.domain.status import LoanStatus
from app.storage.seed.applications import APPLICANT, decide, pay_out
from app.storage.seed.behaviour import Life
from app.storage.seed.markets import Market, choose_market, choose_terms
from app.storage.seed.people import make_borrower
from app.storage.seed.story import Story, moment_on, new_id

HISTORY_DAYS: Final = 3 * 365
MOST_LOANS: Final = 999_999  # six digits in their references
GROWTH: Final = 1.4  # above 1, the more applications the nearer to today
RETURNING_EVERY: Final = 6  # each sixth loan is another one of the borrower before


@dataclass(frozen=True)
class Portfolio:
    """Which portfolio: whose, which of the many that can be made up, and as of which day."""

    client_id: str
    seed: int
    as_of: date

    @property
    def last_day(self) -> date:
        """Give the last day on which anything happened: the one before, so that nothing lies in the future."""
        return self.as_of - timedelta(1)

    @property
    def prefix(self) -> str:
        """Give what the references of its loans begin with."""
        return f"seed-{self.seed}-"

    def ref(self, index: int) -> str:
        """Name a loan, counted from 1."""
        return f"{self.prefix}{index:06}"

    def rng(self, index: int, purpose: str) -> Random:
        """Give the source of chance of one loan or borrower."""
        return Random(f"{self.client_id}/{self.seed}/{purpose}/{index}")  # noqa: S311  # must be repeatable


@dataclass(frozen=True)
class History:
    """One loan with all that happened to it; the borrower is None when an earlier loan brings it."""

    borrower: Borrower | None
    story: Story


def history(portfolio: Portfolio, index: int) -> History:
    """Make up the loan of a number, from 1 on."""
    returning = index % RETURNING_EVERY == 0
    borrower = _borrower(portfolio, index - 1 if returning else index)
    rng = portfolio.rng(index, "loan")
    market = _market(portfolio, index)
    applied_at = _applied_at(portfolio, index)
    loan = Loan(
        id=new_id(applied_at, rng),
        client_id=portfolio.client_id,
        borrower_id=borrower.id,
        terms=choose_terms(rng, market),
        status=LoanStatus.SUBMITTED,
        submitted_by=APPLICANT,
        applied_at=applied_at,
        external_ref=portfolio.ref(index),
    )
    story = Story(decide(loan, rng, portfolio.last_day), rng)
    if story.loan.status is LoanStatus.APPROVED:
        pay_out(story, rng, portfolio.last_day)
    if story.loan.status is LoanStatus.ACTIVE:
        Life(story, rng, market.minor(market.late_fee), portfolio.last_day).play()
    return History(None if returning else borrower, story)


def _market(portfolio: Portfolio, index: int) -> Market:
    """Give a borrower's market, which a second loan does not change."""
    first = index - 1 if index % RETURNING_EVERY == 0 else index
    return choose_market(portfolio.rng(first, "market"))


def _borrower(portfolio: Portfolio, index: int) -> Borrower:
    rng = portfolio.rng(index, "borrower")
    created_at = _applied_at(portfolio, index) - timedelta(minutes=rng.randint(2, 90))
    return make_borrower(
        rng,
        id=new_id(created_at, rng),
        client_id=portfolio.client_id,
        ref=portfolio.ref(index),
        country=rng.choice(_market(portfolio, index).countries),
        created_at=created_at,
    )


def _applied_at(portfolio: Portfolio, index: int) -> datetime:
    """Give the moment of an application; a returning borrower's is after the first one's."""
    rng = portfolio.rng(index, "application")
    days = HISTORY_DAYS
    if index % RETURNING_EVERY == 0:
        days = (portfolio.last_day - _applied_at(portfolio, index - 1).date()).days
    day = portfolio.last_day - timedelta(int(days * rng.random() ** GROWTH))
    return moment_on(day, rng)
