# SPDX-License-Identifier: Apache-2.0
"""The use cases under a fault of the business: approvals that become rejections, repayments that fail."""

import random
from dataclasses import dataclass

from app.domain.loan import Loan
from app.domain.repayment import Received
from app.domain.status import RejectReason
from app.domain.transaction import Transaction
from app.services.actor import Target
from app.services.applications import Applications
from app.services.faults import FaultBoard, FaultKind
from app.services.ports import UnitOfWork
from app.services.servicing import Servicing


class InjectedFault(Exception):  # noqa: N818  # a state that was asked for
    """An unhandled exception on request."""


def strikes(board: FaultBoard, kind: FaultKind) -> bool:
    """Return whether a fault runs and hits this time, by its share."""
    fault = board.find(kind)
    return fault is not None and random.random() < fault.share  # noqa: S311  # spreads, hides nothing


@dataclass(frozen=True)
class FaultyApplications(Applications):
    """Applications whose approval may become a rejection."""

    board: FaultBoard

    def approve(self, transaction: UnitOfWork, target: Target) -> Loan:
        """Approve an application, or reject it while approvals_rejected runs."""
        if strikes(self.board, FaultKind.APPROVALS_REJECTED):
            return self.reject(transaction, target, RejectReason.POLICY)
        return super().approve(transaction, target)


@dataclass(frozen=True)
class FaultyServicing(Servicing):
    """Servicing whose repayments may fail."""

    board: FaultBoard

    def repay(self, transaction: UnitOfWork, target: Target, received: Received) -> Transaction:
        """Book a borrower's money, or raise InjectedFault while repayments_failing runs."""
        if strikes(self.board, FaultKind.REPAYMENTS_FAILING):
            raise InjectedFault(FaultKind.REPAYMENTS_FAILING)
        return super().repay(transaction, target, received)
