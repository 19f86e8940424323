# SPDX-License-Identifier: Apache-2.0
"""Money from a borrower: a repayment, an exact payoff, or a recovery on a loan that was charged off."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.domain.allocation import allocate, settle
from app.domain.errors import AmountExceedsDue, CurrencyMismatch, Fault, InvalidTerms
from app.domain.installment import Installment, next_due_on
from app.domain.loan import Loan
from app.domain.money import Money
from app.domain.payoff import Payoff, max_regular_amount_minor, payoff
from app.domain.posting import Posting, book, require_date
from app.domain.repayment_channel import Channel
from app.domain.status import Action, LoanStatus, require_allowed
from app.domain.transaction import Parts, Stamp, TransactionKind


@dataclass(frozen=True)
class Received:
    """What a borrower sent, when it counts, how it came, and the sender's own name for it."""

    money: Money
    effective_on: date
    channel: Channel
    external_ref: str | None = None


def repay(loan: Loan, unpaid: Sequence[Installment], received: Received, stamp: Stamp) -> Posting:
    """Book money on a loan, given its unpaid installments, oldest first; raise AmountExceedsDue for too much."""
    require_allowed(loan.status, Action.REPAY)
    if received.money.currency is not loan.currency:
        raise CurrencyMismatch
    if received.money.amount_minor < 1:
        raise InvalidTerms(Fault("amount_minor", "out_of_range", "At least 1 minor unit is expected."))
    require_date(loan, received.effective_on, stamp.today)
    if loan.status is LoanStatus.CHARGED_OFF:
        return _recover(loan, received, stamp)
    exact = payoff(loan, unpaid, received.effective_on)
    if received.money.amount_minor == exact.parts.amount_minor:
        return _pay_off(loan, unpaid, exact, received, stamp)
    largest = max_regular_amount_minor(unpaid, received.effective_on)
    if received.money.amount_minor > largest:
        raise AmountExceedsDue(largest, exact.parts.amount_minor)
    paid, parts = allocate(unpaid, received.money.amount_minor, received.effective_on)
    return _book(
        _reduce(loan, paid, parts, received.effective_on), paid, TransactionKind.REPAYMENT, parts, received, stamp
    )


def _pay_off(loan: Loan, unpaid: Sequence[Installment], exact: Payoff, received: Received, stamp: Stamp) -> Posting:
    settled, rebate = settle(unpaid, exact.parts.interest_minor, received.effective_on)
    closed = _reduce(loan, settled, exact.parts, received.effective_on)
    return _book(closed, settled, TransactionKind.PAYOFF, exact.parts, received, stamp, rebate)


def _recover(loan: Loan, received: Received, stamp: Stamp) -> Posting:
    amount = received.money.amount_minor
    if amount > loan.recoverable_minor:
        raise AmountExceedsDue(loan.recoverable_minor, loan.recoverable_minor)
    recovered = replace(loan, recoverable_minor=loan.recoverable_minor - amount)
    return _book(recovered, (), TransactionKind.RECOVERY, Parts(principal_minor=amount), received, stamp)


def _reduce(loan: Loan, rows: Sequence[Installment], parts: Parts, on: date) -> Loan:
    due_on = next_due_on(rows)
    reduced = replace(
        loan, outstanding_principal_minor=loan.outstanding_principal_minor - parts.principal_minor, next_due_on=due_on
    )
    return reduced if due_on else replace(reduced, status=LoanStatus.PAID_OFF, closed_on=on)


def _book(  # noqa: PLR0917  # what a booking is made of
    loan: Loan,
    rows: tuple[Installment, ...],
    kind: TransactionKind,
    parts: Parts,
    received: Received,
    stamp: Stamp,
    rebate_minor: int = 0,
) -> Posting:
    more: dict[str, Any] = {
        "interest_rebate_minor": rebate_minor,
        "channel": received.channel,
        "external_ref": received.external_ref,
    }
    return book(loan, rows, kind, parts, received.effective_on, stamp, **more)
