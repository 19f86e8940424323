# SPDX-License-Identifier: Apache-2.0
"""How a borrower is registered, changed, masked and erased."""

import re
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from app.domain.borrower import Borrower, Registration, change, erase, mask, register, require_not_erased
from app.domain.errors import Conflict, InvalidBorrower
from app.domain.status import OPEN, LoanStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 4, 1, 12, tzinfo=UTC)
ID = UUID(int=7)
REGISTRATION = Registration(
    full_name="Ann Bell",
    email="ann@MAIL.example",
    country="DE",
    date_of_birth="1990-01-31",
    phone="+441632960961",
    national_id="ab-123456",
    external_ref="crm:7",
)


def test_a_borrower_is_kept_in_normal_form() -> None:
    borrower = registered()

    assert borrower == Borrower(
        id=ID,
        client_id="demo",
        external_ref="crm:7",
        full_name="Ann Bell",
        email="ann@mail.example",
        phone="+441632960961",
        date_of_birth=date(1990, 1, 31),
        national_id_hmac="digest of DE:AB123456",
        national_id_last4="3456",
        country="DE",
        created_at=NOON,
    )
    assert borrower.version == 1


def test_what_is_optional_may_be_left_out() -> None:
    borrower = registered(replace(REGISTRATION, phone=None, national_id=None, external_ref=None))

    assert (borrower.phone, borrower.external_ref) == (None, None)
    assert (borrower.national_id_hmac, borrower.national_id_last4) == (None, None)


def test_of_a_short_national_id_no_end_is_kept() -> None:
    borrower = registered(replace(REGISTRATION, national_id="1234567"))

    assert (borrower.national_id_hmac, borrower.national_id_last4) == ("digest of DE:1234567", None)


def test_of_a_long_national_id_only_the_end_is_kept() -> None:
    borrower = registered(replace(REGISTRATION, national_id="AB-1234567890"))

    assert borrower.national_id_last4 == "7890"


def test_a_registration_reports_all_its_faults_at_once() -> None:
    with pytest.raises(InvalidBorrower) as caught:
        registered(replace(REGISTRATION, full_name="", date_of_birth="2020-01-01", phone="0"))

    assert {fault.field for fault in caught.value.faults} == {"full_name", "date_of_birth", "phone"}


def test_neither_a_registration_nor_a_borrower_prints_who_it_is() -> None:
    whole = f"{REGISTRATION!r} {registered()!r} {REGISTRATION} {registered()}".replace(str(ID), "")
    printed = re.sub(r"0x[0-9a-f]+", "", whole)  # where an object lies, which may be at any number

    personal = ["Ann", "Bell", "mail", "1990", "31", "4416", "3456"]
    assert [text for text in personal if text.lower() in printed.lower()] == []


def test_a_change_makes_a_new_version() -> None:
    changed = change(registered(), {"email": "bell@MAIL.example", "phone": None}, NOON.date())

    assert changed == replace(registered(), email="bell@mail.example", phone=None, version=2)


@pytest.mark.parametrize("changes", [{}, {"email": "ann@Mail.example"}])
def test_what_changes_nothing_makes_no_version(changes: dict[str, str | None]) -> None:
    assert change(registered(), changes, NOON.date()) == registered()


def test_a_change_reports_all_its_faults_at_once() -> None:
    with pytest.raises(InvalidBorrower) as caught:
        change(registered(), {"email": "ann", "country": "XX"}, NOON.date())

    assert {fault.field for fault in caught.value.faults} == {"email", "country"}


def test_a_new_date_of_birth_is_held_against_today() -> None:
    assert change(registered(), {"date_of_birth": "2008-03-01"}, NOON.date()).version == 2
    with pytest.raises(InvalidBorrower):
        change(registered(), {"date_of_birth": "2008-03-02"}, NOON.date())


def test_an_erased_borrower_does_not_change() -> None:
    with pytest.raises(Conflict) as caught:
        change(erase(registered(), [], LATER), {"phone": None}, NOON.date())

    assert caught.value.code == "borrower_erased"


def test_an_erasure_leaves_nothing_of_the_person() -> None:
    erased = erase(registered(), [LoanStatus.PAID_OFF, LoanStatus.REJECTED], LATER)

    left = {field.name: getattr(erased, field.name) for field in fields(erased)}
    assert {name: value for name, value in left.items() if value is not None} == {
        "id": ID,
        "client_id": "demo",
        "external_ref": "crm:7",
        "version": 2,
        "erased_at": LATER,
        "created_at": NOON,
    }


@pytest.mark.parametrize("status", OPEN)
def test_who_has_an_open_loan_is_not_erased(status: LoanStatus) -> None:
    with pytest.raises(Conflict) as caught:
        erase(registered(), [LoanStatus.PAID_OFF, status], LATER)

    assert caught.value.code == "borrower_has_open_loans"


def test_a_second_erasure_changes_nothing() -> None:
    erased = erase(registered(), [], LATER)

    assert erase(erased, [], datetime(2026, 5, 1, tzinfo=UTC)) == erased


def test_an_erased_borrower_gets_no_loan() -> None:
    require_not_erased(registered())
    with pytest.raises(Conflict) as caught:
        require_not_erased(erase(registered(), [], LATER))

    assert caught.value.code == "borrower_erased"


def test_a_mask_leaves_just_enough_to_recognise_someone() -> None:
    masked = mask(registered())

    assert (masked.full_name, masked.email, masked.phone) == ("A*** B***", "a***@m***", "***61")
    assert masked.date_of_birth is None
    assert masked.national_id_last4 == "3456"


def test_a_mask_hides_a_name_of_one_letter_altogether() -> None:
    masked = mask(registered(replace(REGISTRATION, full_name="李 Ann", email="a@mail.example", phone=None)))

    assert (masked.full_name, masked.email, masked.phone) == ("*** A***", "***@m***", None)


def test_a_mask_leaves_one_of_two_letters() -> None:
    assert mask(registered(replace(REGISTRATION, full_name="Al B"))).full_name == "A*** ***"


def test_there_is_nothing_to_mask_on_who_is_erased() -> None:
    erased = erase(registered(), [], LATER)

    assert mask(erased) == erased


def registered(registration: Registration = REGISTRATION) -> Borrower:
    return register(registration, ID, "demo", NOON, lambda text: f"digest of {text}")
