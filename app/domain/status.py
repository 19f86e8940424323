# SPDX-License-Identifier: Apache-2.0
"""Where a loan is in its life, and what may happen to it there."""

from enum import StrEnum
from typing import Final

from app.domain.errors import InvalidStateTransition


class LoanStatus(StrEnum):
    """Where a loan is in its life; being late is derived from its installments, not a status."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    ACTIVE = "active"
    PAID_OFF = "paid_off"
    CHARGED_OFF = "charged_off"


class Action(StrEnum):
    """What can be done to a loan."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    DISBURSE = "disburse"
    REPAY = "repay"
    ASSESS_FEE = "assess_fee"
    WAIVE_FEE = "waive_fee"
    CHARGE_OFF = "charge_off"
    REVERSE = "reverse"
    QUOTE_PAYOFF = "quote_payoff"


class Decision(StrEnum):
    """How an application ends."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


class RejectReason(StrEnum):
    """Why an application is rejected: a closed list, as free text could put personal data into a metric."""

    AFFORDABILITY = "affordability"
    CREDIT_HISTORY = "credit_history"
    DUPLICATE_APPLICATION = "duplicate_application"
    IDENTITY_NOT_VERIFIED = "identity_not_verified"
    INCOMPLETE_APPLICATION = "incomplete_application"
    POLICY = "policy"
    SUSPECTED_FRAUD = "suspected_fraud"
    OTHER = "other"


ALLOWED: Final[dict[LoanStatus, tuple[Action, ...]]] = {
    LoanStatus.SUBMITTED: (Action.APPROVE, Action.REJECT, Action.WITHDRAW, Action.CANCEL),
    LoanStatus.APPROVED: (Action.DISBURSE, Action.WITHDRAW, Action.CANCEL),
    LoanStatus.ACTIVE: (
        Action.REPAY,
        Action.ASSESS_FEE,
        Action.WAIVE_FEE,
        Action.CHARGE_OFF,
        Action.REVERSE,
        Action.QUOTE_PAYOFF,
    ),
    LoanStatus.PAID_OFF: (Action.REVERSE,),
    LoanStatus.CHARGED_OFF: (Action.REPAY, Action.REVERSE),
    LoanStatus.REJECTED: (),
    LoanStatus.WITHDRAWN: (),
    LoanStatus.CANCELLED: (),
}
# A borrower with a loan in one of these cannot be erased: the contract still runs, or money is still owed.
OPEN: Final = frozenset({LoanStatus.SUBMITTED, LoanStatus.APPROVED, LoanStatus.ACTIVE, LoanStatus.CHARGED_OFF})


def require_allowed(status: LoanStatus, action: Action) -> None:
    """Raise InvalidStateTransition unless the action can be done in this status."""
    if action not in ALLOWED[status]:
        raise InvalidStateTransition(status.value, [allowed.value for allowed in ALLOWED[status]])
