# SPDX-License-Identifier: Apache-2.0
"""Five consistent loans, one of each kind of history, in which tests insert one fault at a time."""

from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from uuid import UUID

from app.domain.borrower import Borrower
from app.domain.loan import Loan, approve, reject
from app.domain.money import Currency, Money
from app.domain.status import LoanStatus, RejectReason
from app.domain.terms import LoanTerms
from app.storage.seed.portfolio import History
from app.storage.seed.story import Story

APPLIED = datetime(2026, 1, 2, 9, tzinfo=UTC)
DISBURSED, FIRST_DUE = date(2026, 1, 5), date(2026, 2, 5)
FEE = 500
# Names of the loans for SQL; the ids are theirs.
LOANS = {name: UUID(int=number) for number, name in enumerate(("active", "paid", "lost", "open", "refused"), 1)}


def histories() -> list[History]:
    """Give the five loans, each with a borrower of its own."""
    refused = reject(_application("refused"), "officer", APPLIED, RejectReason.POLICY)
    stories = (_active(), _paid(), _lost(), _story(_application("open")), _story(refused))
    return [History(_borrower(story.loan), story) for story in stories]


def _active() -> Story:
    """Pay one installment; send the second three times, of which two bounce; then fees, one of them waived."""
    story = _disbursed("active")
    story.pay(story.unpaid[0].unpaid.amount_minor, date(2026, 2, 5))
    for day in (5, 7):
        story.pay(story.unpaid[0].unpaid.amount_minor, date(2026, 3, day))
        story.bounce(date(2026, 3, day + 1))
    story.pay(story.unpaid[0].unpaid.amount_minor, date(2026, 3, 9))
    story.assess_fee(FEE, date(2026, 4, 20))
    story.waive_fee(FEE, date(2026, 4, 21))
    story.assess_fee(FEE, date(2026, 4, 22))
    story.pay(FEE + 100, date(2026, 4, 23))
    return story


def _paid() -> Story:
    """Pay one installment and then all the rest in the middle of a period, which spares interest."""
    story = _disbursed("paid")
    story.pay(story.unpaid[0].unpaid.amount_minor, date(2026, 2, 5))
    story.pay_off(date(2026, 3, 20))
    return story


def _lost() -> Story:
    """Pay nothing; after the charge-off some comes back, and of that some bounces."""
    story = _disbursed("lost")
    story.charge_off(date(2026, 7, 1))
    story.pay(20_000, date(2026, 8, 1))
    story.bounce(date(2026, 8, 3))
    story.pay(10_000, date(2026, 9, 1))
    return story


def _disbursed(name: str) -> Story:
    story = _story(approve(_application(name), "officer", APPLIED))
    story.disburse(DISBURSED, FIRST_DUE)
    return story


def _story(loan: Loan) -> Story:
    return Story(loan, Random(loan.id.int))  # noqa: S311  # the same ids in each run


def _application(name: str) -> Loan:
    return Loan(
        id=LOANS[name],
        client_id="demo",
        borrower_id=UUID(int=LOANS[name].int + 100),
        terms=LoanTerms(Money(1_000_000, Currency.JPY if name == "paid" else Currency.EUR), Decimal("9.5"), 12),
        status=LoanStatus.SUBMITTED,
        submitted_by="applicant",
        applied_at=APPLIED,
        external_ref=name,
    )


def _borrower(loan: Loan) -> Borrower:
    return Borrower(
        id=loan.borrower_id,
        client_id=loan.client_id,
        external_ref=loan.external_ref,
        full_name="Ada Example",
        email=f"{loan.external_ref}@borrower.example",
        country="IE",
        created_at=loan.applied_at,
    )
