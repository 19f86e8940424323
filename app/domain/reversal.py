# SPDX-License-Identifier: Apache-2.0
"""Undoing the last payment, as when a transfer bounces: a booking of its own with the signs turned."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from app.domain.allocation import take_back
from app.domain.errors import Conflict
from app.domain.installment import Installment, next_due_on
from app.domain.loan import Loan
from app.domain.posting import Posting, book, require_date
from app.domain.status import Action, LoanStatus, require_allowed
from app.domain.transaction import REVERSIBLE, Stamp, Transaction, TransactionKind


def reverse(
    loan: Loan,
    installments: Sequence[Installment],
    original: Transaction,
    last_id: object,
    *,
    effective_on: date,
    stamp: Stamp,
) -> Posting:
    """Reverse the last payment that stands, whose id is given; raise Conflict for any other."""
    if original.kind not in REVERSIBLE:
        raise Conflict("not_reversible", "Only a payment that a borrower made can be reversed.")
    require_allowed(loan.status, Action.REVERSE)
    if original.id != last_id:
        raise Conflict("not_the_last_payment", "Only the last payment that was not reversed can be reversed.")
    require_date(loan, effective_on, stamp.today)
    more = {"reverses_id": original.id, "interest_rebate_minor": original.interest_rebate_minor}
    if original.kind is TransactionKind.RECOVERY:
        rows: tuple[Installment, ...] = ()
        reopened = replace(loan, recoverable_minor=loan.recoverable_minor + original.parts.principal_minor)
    else:
        rows = take_back(installments, original.parts, original.interest_rebate_minor)
        reopened = _reopen(loan, rows, original)
    return book(
        reopened,
        rows,
        TransactionKind.REVERSAL,
        original.parts,
        effective_on,
        stamp,
        reversed_kind=original.kind,
        **more,
    )


def _reopen(loan: Loan, rows: Sequence[Installment], original: Transaction) -> Loan:
    return replace(
        loan,
        status=LoanStatus.ACTIVE,
        closed_on=None,
        outstanding_principal_minor=loan.outstanding_principal_minor + original.parts.principal_minor,
        next_due_on=next_due_on(rows),
    )
