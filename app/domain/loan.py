# SPDX-License-Identifier: Apache-2.0
"""A loan, from its application on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.terms import LoanTerms


class LoanStatus(StrEnum):
    """Where a loan is in its life."""

    SUBMITTED = "submitted"


@dataclass(frozen=True)
class Loan:
    """A loan as it stands; `applied_at` is in UTC."""

    id: UUID
    borrower_id: UUID
    terms: LoanTerms
    status: LoanStatus
    applied_at: datetime
