# SPDX-License-Identifier: Apache-2.0
"""The caller of a use case, and the loan that it changes."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import LoanNotFound
from app.domain.loan import Loan
from app.services.ports import UnitOfWork


@dataclass(frozen=True)
class Actor:
    """A caller: the client whose loans it sees, and the key that identifies it within the client."""

    client_id: str
    key_id: str


@dataclass(frozen=True)
class Target:
    """The loan that a caller wants to change, and a check that raises when it decided on another version."""

    actor: Actor
    loan_id: UUID
    check: Callable[[Loan], None]

    def lock(self, transaction: UnitOfWork) -> Loan:
        """Return the loan, locked against other changes; raise LoanNotFound if the client has no such loan."""
        loan = transaction.loans.lock(self.actor.client_id, self.loan_id)
        if loan is None:
            raise LoanNotFound
        self.check(loan)
        return loan
