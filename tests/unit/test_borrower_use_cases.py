# SPDX-License-Identifier: Apache-2.0
"""What the use cases around borrowers do, on storage that is a dictionary."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import pytest

from app.domain.borrower import Borrower, Registration
from app.domain.errors import BorrowerNotFound, Conflict, InvalidBorrower, Stale
from app.domain.events import BorrowerErased, BorrowerExported, BorrowerRegistered, BorrowerUpdated, DomainEvent
from app.domain.loan import Loan
from app.domain.status import LoanStatus
from app.domain.terms import LoanTerms
from app.domain.transaction import Parts, Transaction, TransactionKind
from app.services.borrowers import BorrowerUseCases
from app.services.ports import Taken, UnitOfWork

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = UUID(int=7)
ANN = Registration(full_name="Ann", email="ann@mail.example", country="DE", date_of_birth="1990-01-31")
USE_CASES = BorrowerUseCases(lambda: NOON, lambda: ID, lambda text: f"digest of {text}")


def test_who_is_registered_can_be_found() -> None:
    storage = FakeStorage()

    borrower = USE_CASES.register(storage.unit_of_work, "demo", ANN)

    assert (borrower.id, borrower.client_id, borrower.created_at) == (ID, "demo", NOON)
    assert USE_CASES.get(storage.unit_of_work, "demo", ID) == borrower
    assert storage.recorded == [BorrowerRegistered(ID)]


@pytest.mark.parametrize(
    ("constraint", "code"),
    [
        ("uq_borrower_client_id_email", "email_taken"),
        ("uq_borrower_client_id_external_ref", "external_ref_taken"),
        ("uq_borrower_client_id_national_id_hmac", "national_id_taken"),
    ],
)
def test_what_another_borrower_has_is_refused_by_name(constraint: str, code: str) -> None:
    storage = FakeStorage(taken=constraint)

    with pytest.raises(Conflict) as caught:
        USE_CASES.register(storage.unit_of_work, "demo", ANN)

    assert caught.value.code == code
    assert caught.value.__suppress_context__
    assert storage.recorded == []


def test_another_constraint_is_a_mistake_of_ours() -> None:
    storage = FakeStorage(taken="pk_borrower")

    with pytest.raises(Taken, match="pk_borrower"):
        USE_CASES.register(storage.unit_of_work, "demo", ANN)


def test_another_clients_borrower_is_not_there() -> None:
    storage = registered()

    for act in (
        lambda: USE_CASES.get(storage.unit_of_work, "rival", ID),
        lambda: USE_CASES.update(storage.unit_of_work, "rival", ID, version(1), {}),
        lambda: USE_CASES.erase(storage.unit_of_work, "rival", ID),
        lambda: USE_CASES.export(storage.unit_of_work, "rival", ID),
    ):
        with pytest.raises(BorrowerNotFound):
            act()


def test_a_change_is_kept_and_published() -> None:
    storage = registered()

    changed = USE_CASES.update(storage.unit_of_work, "demo", ID, version(1), {"full_name": "Bell"})

    assert storage.kept[ID] == changed
    assert (changed.full_name, changed.version) == ("Bell", 2)
    assert storage.recorded == [BorrowerUpdated(ID)]


def test_what_changes_nothing_is_not_published() -> None:
    storage = registered()

    changed = USE_CASES.update(storage.unit_of_work, "demo", ID, version(1), {"full_name": "Ann"})

    assert changed.version == 1
    assert storage.recorded == []


def test_a_change_of_an_older_version_is_refused() -> None:
    storage = registered()

    with pytest.raises(Stale):
        USE_CASES.update(storage.unit_of_work, "demo", ID, version(2), {"full_name": "Bell"})

    assert storage.kept[ID].full_name == "Ann"


def test_a_change_to_what_another_borrower_has_is_refused() -> None:
    storage = registered()
    storage.taken = "uq_borrower_client_id_email"

    with pytest.raises(Conflict) as caught:
        USE_CASES.update(storage.unit_of_work, "demo", ID, version(1), {"email": "bell@mail.example"})

    assert caught.value.code == "email_taken"


def test_a_search_looks_for_the_normal_form() -> None:
    storage = registered()

    found = USE_CASES.search(storage.unit_of_work, "demo", {"email": "ann@MAIL.example"})

    assert [borrower.id for borrower in found] == [ID]
    assert USE_CASES.search(storage.unit_of_work, "demo", {"external_ref": "crm:7"}) == []


@pytest.mark.parametrize("wanted", [{}, {"email": "ann"}, {"external_ref": "a b"}])
def test_a_search_for_nothing_or_for_nonsense_is_refused(wanted: dict[str, str]) -> None:
    with pytest.raises(InvalidBorrower):
        USE_CASES.search(registered().unit_of_work, "demo", wanted)


def test_an_erasure_takes_the_stored_answers_with_it() -> None:
    storage = registered()
    storage.loans_of = [loan(LoanStatus.PAID_OFF)]

    erased = USE_CASES.erase(storage.unit_of_work, "demo", ID)

    assert storage.kept[ID] == erased
    assert (erased.full_name, erased.erased_at, erased.version) == (None, NOON, 2)
    assert storage.forgotten == [ID]
    assert storage.recorded == [BorrowerErased(ID)]


def test_a_second_erasure_does_nothing() -> None:
    storage = registered()
    erased = USE_CASES.erase(storage.unit_of_work, "demo", ID)

    again = USE_CASES.erase(storage.unit_of_work, "demo", ID)

    assert again == erased
    assert storage.forgotten == [ID]
    assert storage.recorded == [BorrowerErased(ID)]


def test_an_open_loan_forbids_an_erasure() -> None:
    storage = registered()
    storage.loans_of = [loan(LoanStatus.ACTIVE)]

    with pytest.raises(Conflict) as caught:
        USE_CASES.erase(storage.unit_of_work, "demo", ID)

    assert caught.value.code == "borrower_has_open_loans"
    assert storage.kept[ID].full_name == "Ann"
    assert (storage.forgotten, storage.recorded) == ([], [])


def test_an_export_has_what_each_loan_counts() -> None:
    storage = registered()
    storage.loans_of = [loan(LoanStatus.SUBMITTED), loan(LoanStatus.ACTIVE, last_seq=2)]
    storage.booked = [booking(1), booking(2), booking(3)]

    export = USE_CASES.export(storage.unit_of_work, "demo", ID)

    assert export.borrower.full_name == "Ann"
    assert [found.status for found in export.loans] == [LoanStatus.SUBMITTED, LoanStatus.ACTIVE]
    assert [found.seq for found in export.transactions] == [1, 2]
    assert storage.recorded == [BorrowerExported(ID)]


@dataclass
class FakeStorage:
    """One transaction on a dictionary; what it is used for is noted."""

    kept: dict[UUID, Borrower] = field(default_factory=dict)
    loans_of: list[Loan] = field(default_factory=list)
    booked: list[Transaction] = field(default_factory=list)
    recorded: list[DomainEvent] = field(default_factory=list)
    forgotten: list[UUID] = field(default_factory=list)
    taken: str | None = None

    @property
    def unit_of_work(self) -> UnitOfWork:
        return cast("UnitOfWork", self)

    @property
    def borrowers(self) -> "FakeStorage":
        return self

    loans = accounts = keys = borrowers

    def add(self, borrower: Borrower) -> None:
        if self.taken:
            raise Taken(self.taken)
        self.kept[borrower.id] = borrower

    save = add

    def find(self, client_id: str, borrower_id: UUID) -> Borrower | None:
        borrower = self.kept.get(borrower_id)
        return borrower if borrower and borrower.client_id == client_id else None

    lock = find

    def search(self, client_id: str, email: str | None, external_ref: str | None) -> Sequence[Borrower]:
        wanted = (client_id, email, external_ref)
        return [found for found in self.kept.values() if wanted == (found.client_id, found.email, found.external_ref)]

    def of_borrower(self, _client_id: str, _borrower_id: UUID) -> Sequence[Loan]:
        return self.loans_of

    def transactions(self, _loan_id: UUID, limit: int, after_seq: int) -> Sequence[Transaction]:
        return self.booked[after_seq : after_seq + limit]

    def forget_borrower(self, borrower_id: UUID) -> None:
        self.forgotten.append(borrower_id)

    def record(self, event: DomainEvent) -> None:
        self.recorded.append(event)


def registered() -> FakeStorage:
    storage = FakeStorage()
    USE_CASES.register(storage.unit_of_work, "demo", ANN)
    storage.recorded.clear()
    return storage


def version(expected: int) -> Callable[[int], None]:
    def check(found: int) -> None:
        if found != expected:
            raise Stale

    return check


def loan(status: LoanStatus, last_seq: int = 0) -> Loan:
    terms = LoanTerms.of(currency="EUR", principal_minor=1000, annual_rate_percent="5", term_months=12)
    fresh = Loan(
        id=UUID(int=1),
        client_id="demo",
        borrower_id=ID,
        terms=terms,
        status=LoanStatus.SUBMITTED,
        submitted_by="applicant",
        applied_at=NOON,
    )
    return replace(fresh, status=status, last_seq=last_seq)


def booking(seq: int) -> Transaction:
    return Transaction(
        id=UUID(int=100 + seq),
        loan_id=UUID(int=1),
        seq=seq,
        kind=TransactionKind.REPAYMENT,
        parts=Parts(principal_minor=1),
        effective_on=NOON.date(),
        posted_at=NOON,
    )
