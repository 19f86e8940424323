# SPDX-License-Identifier: Apache-2.0
"""Who borrows: personal data, kept apart from the loans, and gone when it is erased."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Borrower:
    """A person; the personal fields are None once erased. `created_at` and `erased_at` are in UTC."""

    id: UUID
    client_id: str  # whose borrower it is: nobody else sees it
    external_ref: str | None = None
    full_name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    date_of_birth: date | None = field(default=None, repr=False)
    national_id_hmac: str | None = field(default=None, repr=False)
    national_id_last4: str | None = field(default=None, repr=False)
    country: str | None = None
    version: int = 1
    erased_at: datetime | None = None
    created_at: datetime
