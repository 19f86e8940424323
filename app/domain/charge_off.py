# SPDX-License-Identifier: Apache-2.0
"""Writing a loan off: its principal becomes an expense; what still comes in is a recovery."""

from dataclasses import replace
from datetime import date
from typing import Final

from app.domain.delinquency import days_past_due
from app.domain.errors import Conflict
from app.domain.loan import Loan
from app.domain.posting import Posting, book, require_date
from app.domain.status import Action, LoanStatus, require_allowed
from app.domain.transaction import Parts, Stamp, TransactionKind

ELIGIBLE_DAYS_PAST_DUE: Final = 120  # the norm for closed-end retail loans in the US


def charge_off(loan: Loan, effective_on: date, stamp: Stamp) -> Posting:
    """Write an active loan off; raise Conflict before it is late enough."""
    require_allowed(loan.status, Action.CHARGE_OFF)
    require_date(loan, effective_on, stamp.today)
    if days_past_due(loan.next_due_on, effective_on) < ELIGIBLE_DAYS_PAST_DUE:
        detail = f"The loan is not yet {ELIGIBLE_DAYS_PAST_DUE} days past due."
        raise Conflict("not_eligible_for_charge_off", detail)
    amount = loan.outstanding_principal_minor
    written_off = replace(
        loan,
        status=LoanStatus.CHARGED_OFF,
        charged_off_on=effective_on,
        outstanding_principal_minor=0,
        recoverable_minor=amount,
        next_due_on=None,
    )
    return book(written_off, (), TransactionKind.CHARGE_OFF, Parts(principal_minor=amount), effective_on, stamp)
