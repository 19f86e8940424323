# SPDX-License-Identifier: Apache-2.0
"""Double entry, on a cash basis: each transaction moves money between accounts, and its lines add up to zero."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.transaction import Parts, Transaction, TransactionKind


class Account(StrEnum):
    """Where money can be."""

    CASH = "cash"
    LOAN_PRINCIPAL = "loan_principal"
    INTEREST_INCOME = "interest_income"
    FEE_INCOME = "fee_income"
    CHARGE_OFF_EXPENSE = "charge_off_expense"
    RECOVERY_INCOME = "recovery_income"


@dataclass(frozen=True)
class LedgerLine:
    """A debit (positive) or a credit (negative), in minor units of the loan's currency; never zero."""

    account: Account
    amount_minor: int


def ledger_lines(kind: TransactionKind, parts: Parts) -> tuple[LedgerLine, ...]:
    """Give the lines of a transaction; a fee or its waiver moves no money, so it has none."""
    amount = parts.amount_minor
    moves: dict[Account, int] = {}
    if kind is TransactionKind.DISBURSEMENT:
        moves = {Account.LOAN_PRINCIPAL: amount, Account.CASH: -amount}
    elif kind in {TransactionKind.REPAYMENT, TransactionKind.PAYOFF}:
        moves = {
            Account.CASH: amount,
            Account.LOAN_PRINCIPAL: -parts.principal_minor,
            Account.INTEREST_INCOME: -parts.interest_minor,
            Account.FEE_INCOME: -parts.fee_minor,
        }
    elif kind is TransactionKind.CHARGE_OFF:
        moves = {Account.CHARGE_OFF_EXPENSE: amount, Account.LOAN_PRINCIPAL: -amount}
    elif kind is TransactionKind.RECOVERY:
        moves = {Account.CASH: amount, Account.RECOVERY_INCOME: -amount}
    return tuple(LedgerLine(account, moved) for account, moved in moves.items() if moved)


def lines_of(transaction: Transaction, reversed_kind: TransactionKind | None = None) -> tuple[LedgerLine, ...]:
    """Give a transaction's lines; a reversal's are those of the kind that it reverses, with the signs turned."""
    if reversed_kind is None:
        return ledger_lines(transaction.kind, transaction.parts)
    return tuple(
        LedgerLine(line.account, -line.amount_minor) for line in ledger_lines(reversed_kind, transaction.parts)
    )
