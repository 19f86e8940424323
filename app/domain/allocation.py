# SPDX-License-Identifier: Apache-2.0
"""Which part of which installment a payment pays: oldest installment first, and in it fees, interest, principal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from app.domain.installment import Installment
from app.domain.transaction import Parts


def allocate(installments: Sequence[Installment], amount_minor: int, on: date) -> tuple[tuple[Installment, ...], Parts]:
    """Spread an amount over installments in the order of their due dates; the amount is at most what is unpaid."""
    left = amount_minor
    paid: list[Installment] = []
    for row in installments:
        taken = _take(row.unpaid, left)
        left -= taken.amount_minor
        paid.append(_pay(row, taken, on))
    return tuple(paid), _difference(installments, paid)


def settle(installments: Sequence[Installment], interest_minor: int, on: date) -> tuple[tuple[Installment, ...], int]:
    """Pay everything but interest beyond an amount, which is rebated; give the installments and the rebate."""
    left = interest_minor
    settled: list[Installment] = []
    for row in installments:
        unpaid = row.unpaid
        interest = min(unpaid.interest_minor, left)
        left -= interest
        rebate = unpaid.interest_minor - interest
        paid = _pay(row, Parts(unpaid.principal_minor, interest, unpaid.fee_minor), on)
        settled.append(
            replace(paid, rebated_interest_minor=row.rebated_interest_minor + rebate, paid_on=row.paid_on or on)
        )
    return tuple(settled), sum(row.unpaid.interest_minor for row in installments) - interest_minor


def take_back(installments: Sequence[Installment], parts: Parts, rebate_minor: int) -> tuple[Installment, ...]:
    """Undo the last payment: each part is taken from where it went last, as payments only ever move forward."""
    principal, interest, fee, rebate = parts.principal_minor, parts.interest_minor, parts.fee_minor, rebate_minor
    restored: list[Installment] = []
    for row in reversed(installments):
        back = Parts(
            min(principal, row.paid_principal_minor),
            min(interest, row.paid_interest_minor),
            min(fee, row.paid_fee_minor),
        )
        unrebated = min(rebate, row.rebated_interest_minor)
        principal -= back.principal_minor
        interest -= back.interest_minor
        fee -= back.fee_minor
        rebate -= unrebated
        restored.append(_unpay(row, back, unrebated))
    return tuple(reversed(restored))


def _take(unpaid: Parts, left: int) -> Parts:
    fee = min(unpaid.fee_minor, left)
    interest = min(unpaid.interest_minor, left - fee)
    return Parts(min(unpaid.principal_minor, left - fee - interest), interest, fee)


def _pay(row: Installment, taken: Parts, on: date) -> Installment:
    if taken.amount_minor == 0:
        return row
    paid = replace(
        row,
        paid_principal_minor=row.paid_principal_minor + taken.principal_minor,
        paid_interest_minor=row.paid_interest_minor + taken.interest_minor,
        paid_fee_minor=row.paid_fee_minor + taken.fee_minor,
    )
    return paid if paid.unpaid.amount_minor else replace(paid, paid_on=on)


def _unpay(row: Installment, back: Parts, unrebated: int) -> Installment:
    if back.amount_minor + unrebated == 0:
        return row
    return replace(
        row,
        paid_principal_minor=row.paid_principal_minor - back.principal_minor,
        paid_interest_minor=row.paid_interest_minor - back.interest_minor,
        paid_fee_minor=row.paid_fee_minor - back.fee_minor,
        rebated_interest_minor=row.rebated_interest_minor - unrebated,
        paid_on=None,
    )


def _difference(before: Sequence[Installment], after: Sequence[Installment]) -> Parts:
    pairs = list(zip(before, after, strict=True))
    return Parts(
        sum(new.paid_principal_minor - old.paid_principal_minor for old, new in pairs),
        sum(new.paid_interest_minor - old.paid_interest_minor for old, new in pairs),
        sum(new.paid_fee_minor - old.paid_fee_minor for old, new in pairs),
    )
