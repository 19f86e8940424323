# SPDX-License-Identifier: Apache-2.0
"""How an application ends, and what may happen in which status."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.domain import loan as lifecycle
from app.domain.errors import Forbidden, InvalidStateTransition
from app.domain.loan import Loan
from app.domain.status import ALLOWED, OPEN, Action, LoanStatus, RejectReason, require_allowed
from tests.books import NOON, submitted


def reject(loan: Loan, by: str, at: Any) -> Loan:  # noqa: ANN401  # a moment
    return lifecycle.reject(loan, by, at, RejectReason.POLICY)


DECISIONS = [
    (lifecycle.approve, LoanStatus.APPROVED, None),
    (reject, LoanStatus.REJECTED, date(2026, 3, 1)),
    (lifecycle.withdraw, LoanStatus.WITHDRAWN, date(2026, 3, 1)),
    (lifecycle.cancel, LoanStatus.CANCELLED, date(2026, 3, 1)),
]


@pytest.mark.parametrize(("decide", "status", "closed_on"), DECISIONS)
def test_a_decision_is_a_new_version_with_who_and_when(decide: Any, status: LoanStatus, closed_on: Any) -> None:  # noqa: ANN401
    decided = decide(submitted(), "officer", NOON)

    reason = RejectReason.POLICY if status is LoanStatus.REJECTED else None
    assert decided == replace(
        submitted(),
        status=status,
        decided_by="officer",
        decided_at=NOON,
        closed_on=closed_on,
        reject_reason=reason,
        version=2,
    )


def test_who_submitted_cannot_approve() -> None:
    with pytest.raises(Forbidden) as refused:
        lifecycle.approve(submitted(), "applicant", NOON)

    assert refused.value.code == "four_eyes"


def test_who_submitted_may_withdraw_and_cancel() -> None:
    assert lifecycle.withdraw(submitted(), "applicant", NOON).status is LoanStatus.WITHDRAWN
    assert lifecycle.cancel(submitted(), "applicant", NOON).status is LoanStatus.CANCELLED


@pytest.mark.parametrize("decide", [decide for decide, *_ in DECISIONS])
@pytest.mark.parametrize("status", [LoanStatus.ACTIVE, LoanStatus.REJECTED, LoanStatus.PAID_OFF])
def test_no_decision_is_taken_twice(decide: Any, status: LoanStatus) -> None:  # noqa: ANN401
    with pytest.raises(InvalidStateTransition) as refused:
        decide(replace(submitted(), status=status), "officer", NOON)

    assert refused.value.members == {
        "current_status": status.value,
        "allowed_actions": [action.value for action in ALLOWED[status]],
    }


def test_an_approved_application_can_still_be_withdrawn_or_cancelled() -> None:
    approved = replace(submitted(), status=LoanStatus.APPROVED)

    assert lifecycle.withdraw(approved, "applicant", NOON).version == 2
    assert lifecycle.cancel(approved, "officer", NOON).version == 2


EXPECTED = {
    "submitted": "approve reject withdraw cancel",
    "approved": "disburse withdraw cancel",
    "active": "repay assess_fee waive_fee charge_off reverse quote_payoff",
    "paid_off": "reverse",
    "charged_off": "repay reverse",
    "rejected": "",
    "withdrawn": "",
    "cancelled": "",
}


@pytest.mark.parametrize("status", LoanStatus)
@pytest.mark.parametrize("action", Action)
def test_every_status_allows_its_actions_and_no_other(status: LoanStatus, action: Action) -> None:
    if action.value in EXPECTED[status.value].split():
        require_allowed(status, action)
    else:
        with pytest.raises(InvalidStateTransition) as refused:
            require_allowed(status, action)
        assert refused.value.code == "invalid_state_transition"


def test_a_loan_is_open_until_nothing_more_is_owed() -> None:
    assert {status.value for status in OPEN} == {"submitted", "approved", "active", "charged_off"}
