# SPDX-License-Identifier: Apache-2.0
"""Who borrows: personal data, kept apart from the loans, and gone when it is erased."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from app.domain.errors import Conflict
from app.domain.personal_data import normal_form
from app.domain.status import OPEN, LoanStatus

Digest = Callable[[str], str]  # keyed: without the key, all national ids could be tried out in an afternoon
# The last four of a shorter national id would be most of it.
SHORTEST_WITH_LAST4: Final = 8


@dataclass(frozen=True, kw_only=True)
class Borrower:
    """A person; the personal fields are None once erased. `created_at` and `erased_at` are in UTC."""

    id: UUID
    client_id: str  # the client that owns the record; other clients can't see it
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


@dataclass(frozen=True, kw_only=True, repr=False)
class Registration:
    """A borrower's data from a client; its form is checked, its meaning not yet. Its repr contains no values."""

    full_name: str
    email: str
    country: str
    date_of_birth: str
    phone: str | None = None
    national_id: str | None = None
    external_ref: str | None = None


def register(registration: Registration, borrower_id: UUID, client_id: str, at: datetime, digest: Digest) -> Borrower:
    """Make a borrower; raise InvalidBorrower with every fault. Of a national id only a digest and its end are kept."""
    given = {member: text for member, text in asdict(registration).items() if text is not None}
    known = normal_form(given, at.date())
    national_id = known.get("national_id")
    return Borrower(
        id=borrower_id,
        client_id=client_id,
        external_ref=known.get("external_ref"),
        full_name=known["full_name"],
        email=known["email"],
        phone=known.get("phone"),
        date_of_birth=date.fromisoformat(known["date_of_birth"]),
        national_id_hmac=digest(f"{known['country']}:{national_id}") if national_id else None,
        national_id_last4=national_id[-4:] if national_id and len(national_id) >= SHORTEST_WITH_LAST4 else None,
        country=known["country"],
        created_at=at,
    )


def change(borrower: Borrower, changes: Mapping[str, str | None], today: date) -> Borrower:
    """Change some members, None clears one; give the same borrower if nothing differs.

    Raises Conflict for an erased borrower and InvalidBorrower with every fault.
    """
    require_not_erased(borrower)
    cleared = dict.fromkeys(member for member, text in changes.items() if text is None)
    known = normal_form({member: text for member, text in changes.items() if text is not None}, today)
    changed = replace(borrower, **cleared, **known)  # type: ignore[arg-type]  # the members that a patch may name
    return borrower if changed == borrower else replace(changed, version=borrower.version + 1)


def erase(borrower: Borrower, loans: Iterable[LoanStatus], at: datetime) -> Borrower:
    """Erase personal data; id, the client's own reference and the dates stay, so that the books stay complete.

    Raises Conflict while a loan is open. Returns an erased borrower unchanged.
    """
    if borrower.erased_at is not None:
        return borrower
    if OPEN.intersection(loans):
        raise Conflict("borrower_has_open_loans", "A loan of this borrower is still open.")
    return Borrower(
        id=borrower.id,
        client_id=borrower.client_id,
        external_ref=borrower.external_ref,
        version=borrower.version + 1,
        erased_at=at,
        created_at=borrower.created_at,
    )


def require_not_erased(borrower: Borrower) -> None:
    """Raise Conflict for an erased borrower: a new loan would have no identified debtor."""
    if borrower.erased_at is not None:
        raise Conflict("borrower_erased", "The borrower's data has been erased.")


def mask(borrower: Borrower) -> Borrower:
    """Leave only as much of a person as it takes to recognise them."""
    return replace(
        borrower,
        full_name=borrower.full_name and " ".join(map(_first, borrower.full_name.split())),
        email=borrower.email and "@".join(map(_first, borrower.email.split("@"))),
        phone=borrower.phone and f"***{borrower.phone[-2:]}",
        date_of_birth=None,
    )


def _first(word: str) -> str:
    return f"{word[0]}***" if len(word) > 1 else "***"  # of one letter, the first is all
