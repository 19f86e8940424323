# SPDX-License-Identifier: Apache-2.0
"""How the made-up applications end: most are approved and paid out, a few days later each."""

from datetime import date, timedelta
from random import Random
from typing import Final

from app.domain.calendar import add_months
from app.domain.loan import Loan, approve, cancel, reject, withdraw
from app.domain.status import LoanStatus, RejectReason
from app.storage.seed.story import Story

APPLICANT, OFFICER = "applicant", "officer"  # the ids of development's API keys
LONGEST_DECISION_HOURS: Final = 150
LONGEST_PAYOUT_DAYS: Final = 8
APPROVAL_DAYS: Final = 30  # then it expires
# In percent.
DECISIONS: Final = {LoanStatus.APPROVED: 81, LoanStatus.REJECTED: 13, LoanStatus.WITHDRAWN: 4, LoanStatus.CANCELLED: 2}
AFTER_APPROVAL: Final = {LoanStatus.ACTIVE: 95, LoanStatus.WITHDRAWN: 3, LoanStatus.CANCELLED: 2}
FIRST_OF_MONTH_SHARE: Final = 0.3


def decide(loan: Loan, rng: Random, last_day: date) -> Loan:
    """Decide an application, unless that is after the last day."""
    at = loan.applied_at + timedelta(hours=rng.randint(1, LONGEST_DECISION_HOURS))
    if at.date() > last_day:
        return loan
    decision = _draw(rng, DECISIONS)
    if decision is LoanStatus.REJECTED:
        return reject(loan, OFFICER, at, rng.choice(tuple(RejectReason)))
    if decision is LoanStatus.WITHDRAWN:
        return withdraw(loan, APPLICANT, at)
    if decision is LoanStatus.CANCELLED:
        return cancel(loan, OFFICER, at)
    return approve(loan, OFFICER, at)


def pay_out(story: Story, rng: Random, last_day: date) -> None:
    """Pay an approved loan out, or end it, as wishes change and approvals expire; nothing after the last day."""
    approved_at = story.loan.decided_at or story.loan.applied_at
    outcome = _draw(rng, AFTER_APPROVAL)
    if outcome is LoanStatus.ACTIVE:
        on = approved_at.date() + timedelta(rng.randint(1, LONGEST_PAYOUT_DAYS))
        if on <= last_day:
            story.disburse(on, _first_due_on(on, rng))
        return
    days = APPROVAL_DAYS if outcome is LoanStatus.CANCELLED else rng.randint(1, APPROVAL_DAYS)
    at = approved_at + timedelta(days)
    if at.date() <= last_day:
        withdrawn = outcome is LoanStatus.WITHDRAWN
        story.loan = withdraw(story.loan, APPLICANT, at) if withdrawn else cancel(story.loan, OFFICER, at)


def _first_due_on(disbursed_on: date, rng: Random) -> date:
    """Give the same day of the next month, or for some the first of the month after."""
    if rng.random() < FIRST_OF_MONTH_SHARE:
        return add_months(disbursed_on, 2).replace(day=1)
    return add_months(disbursed_on, 1)


def _draw(rng: Random, shares: dict[LoanStatus, int]) -> LoanStatus:
    return rng.choices(tuple(shares), tuple(shares.values()))[0]
