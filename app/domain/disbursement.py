# SPDX-License-Identifier: Apache-2.0
"""Paying the principal out: the loan becomes active, and its schedule is fixed."""

from dataclasses import replace
from datetime import date
from typing import Final

from app.domain.errors import Fault, InvalidDate, InvalidTerms
from app.domain.installment import installments_of
from app.domain.loan import Loan
from app.domain.posting import Posting, book, require_date
from app.domain.schedule import build_schedule
from app.domain.status import Action, LoanStatus, require_allowed
from app.domain.transaction import Parts, Stamp, TransactionKind

EARLIEST: Final = date(2000, 1, 1)  # loans of an older system may be brought in, but not typing errors
LATEST: Final = date(2150, 12, 31)  # with the longest term every due date is still in the range of all date libraries
LONGEST_FIRST_PERIOD_DAYS: Final = 62  # two months; the schedule charges one month's interest for the first period


def disburse(loan: Loan, amount_minor: int, disbursed_on: date, first_due_on: date, stamp: Stamp) -> Posting:
    """Pay an approved loan out; raise InvalidTerms for another amount and InvalidDate for dates that cannot be."""
    require_allowed(loan.status, Action.DISBURSE)
    if amount_minor != loan.terms.principal.amount_minor:
        raise InvalidTerms(Fault("amount_minor", "not_the_approved_amount", "The approved principal is expected."))
    require_date(loan, disbursed_on, stamp.today, "disbursed_on")
    require_disbursed_on(disbursed_on)
    require_first_due_on(first_due_on, disbursed_on)
    schedule = build_schedule(loan.terms, first_due_on)
    active = replace(
        loan,
        status=LoanStatus.ACTIVE,
        disbursed_on=disbursed_on,
        first_due_on=first_due_on,
        installment_minor=schedule[0].payment_minor,
        outstanding_principal_minor=amount_minor,
        next_due_on=first_due_on,
    )
    parts = Parts(principal_minor=amount_minor)
    return book(active, installments_of(schedule), TransactionKind.DISBURSEMENT, parts, disbursed_on, stamp)


def require_disbursed_on(disbursed_on: date) -> None:
    """Raise InvalidDate for a day on which no loan of this service is paid out."""
    if not EARLIEST <= disbursed_on <= LATEST:
        raise InvalidDate("disbursed_on", "out_of_range", f"A day from {EARLIEST} to {LATEST} is expected.")


def require_first_due_on(first_due_on: date, disbursed_on: date) -> None:
    """Raise InvalidDate unless the first due date is within two months after the disbursement."""
    if not 1 <= (first_due_on - disbursed_on).days <= LONGEST_FIRST_PERIOD_DAYS:
        text = f"A day 1 to {LONGEST_FIRST_PERIOD_DAYS} days after the disbursement is expected."
        raise InvalidDate("first_due_on", "out_of_range", text)
