# SPDX-License-Identifier: Apache-2.0
"""Facts, in the past tense: what others may react to once it is true in the database."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.money import Currency


@dataclass(frozen=True)
class DomainEvent:
    """Something that happened to a loan."""

    loan_id: UUID


@dataclass(frozen=True)
class LoanApplicationSubmitted(DomainEvent):
    """An application was accepted for a decision."""

    currency: Currency
