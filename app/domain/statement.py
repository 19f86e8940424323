# SPDX-License-Identifier: Apache-2.0
"""A loan's principal over a span of days: what it was, what moved it, what it is; opening plus lines is closing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.domain.transaction import Transaction, TransactionKind

RAISES = frozenset({TransactionKind.DISBURSEMENT})
LOWERS = frozenset({TransactionKind.REPAYMENT, TransactionKind.PAYOFF, TransactionKind.CHARGE_OFF})


@dataclass(frozen=True)
class StatementLine:
    """A booking and by how much it changed the outstanding principal; zero for fees and recoveries."""

    transaction: Transaction
    principal_change_minor: int


@dataclass(frozen=True)
class Statement:
    """The lines between two balances of outstanding principal, in minor units."""

    first: date
    last: date
    opening_balance_minor: int
    lines: tuple[StatementLine, ...]

    @property
    def closing_balance_minor(self) -> int:
        """Add the lines to the opening balance."""
        return self.opening_balance_minor + sum(line.principal_change_minor for line in self.lines)


def statement_of(transactions: Iterable[Transaction], first: date, last: date) -> Statement:
    """Make the statement from all bookings of a loan, in their order."""
    booked = tuple(transactions)
    kinds = {transaction.id: transaction.kind for transaction in booked}
    lines = [StatementLine(transaction, _change(transaction, kinds[transaction.reverses_id or transaction.id]))
             for transaction in booked]  # fmt: skip
    opening = sum(line.principal_change_minor for line in lines if line.transaction.effective_on < first)
    return Statement(
        first, last, opening, tuple(line for line in lines if first <= line.transaction.effective_on <= last)
    )


def _change(transaction: Transaction, kind: TransactionKind) -> int:
    sign = 1 if kind in RAISES else -1 if kind in LOWERS else 0
    turned = -1 if transaction.kind is TransactionKind.REVERSAL else 1
    return sign * turned * transaction.parts.principal_minor
