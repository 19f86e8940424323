# SPDX-License-Identifier: Apache-2.0
"""Flat fees: added to the oldest unpaid installment, paid before its interest, forgiven as long as they are unpaid."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from app.domain.errors import CurrencyMismatch, Fault, InvalidTerms
from app.domain.installment import Installment
from app.domain.loan import Loan
from app.domain.money import Money
from app.domain.posting import Posting, book, require_date
from app.domain.status import Action, require_allowed
from app.domain.terms import LARGEST_PRINCIPAL_MINOR
from app.domain.transaction import Parts, Stamp, TransactionKind


def assess_fee(loan: Loan, unpaid: Sequence[Installment], fee: Money, effective_on: date, stamp: Stamp) -> Posting:
    """Add a fee to the oldest unpaid installment; no money moves until it is paid."""
    require_allowed(loan.status, Action.ASSESS_FEE)
    _require_fee(loan, fee, LARGEST_PRINCIPAL_MINOR)
    require_date(loan, effective_on, stamp.today)
    oldest = replace(unpaid[0], fee_minor=unpaid[0].fee_minor + fee.amount_minor)
    parts = Parts(fee_minor=fee.amount_minor)
    return book(loan, (oldest, *unpaid[1:]), TransactionKind.FEE, parts, effective_on, stamp)


def waive_fee(loan: Loan, unpaid: Sequence[Installment], fee: Money, effective_on: date, stamp: Stamp) -> Posting:
    """Forgive unpaid fees, the newest first; raise InvalidTerms for more than is unpaid."""
    require_allowed(loan.status, Action.WAIVE_FEE)
    _require_fee(loan, fee, sum(row.unpaid.fee_minor for row in unpaid))
    require_date(loan, effective_on, stamp.today)
    left = fee.amount_minor
    waived: list[Installment] = []
    for row in reversed(unpaid):
        forgiven = min(left, row.unpaid.fee_minor)
        left -= forgiven
        waived.append(replace(row, fee_minor=row.fee_minor - forgiven))
    parts = Parts(fee_minor=fee.amount_minor)
    # Fees are paid before principal, so principal is still owed where a fee is: a waiver never ends a loan.
    return book(loan, tuple(reversed(waived)), TransactionKind.FEE_WAIVER, parts, effective_on, stamp)


def _require_fee(loan: Loan, fee: Money, most: int) -> None:
    if fee.currency is not loan.currency:
        raise CurrencyMismatch
    if not 1 <= fee.amount_minor <= most:
        raise InvalidTerms(Fault("amount_minor", "out_of_range", f"1 to {most} minor units are expected."))
