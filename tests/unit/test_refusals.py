# SPDX-License-Identifier: Apache-2.0
"""The sentences with which each rule refuses: people read them, so none may be missing or garbled."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from app.domain import loan as lifecycle
from app.domain.borrower import Borrower, erase, require_not_erased
from app.domain.disbursement import disburse, require_disbursed_on, require_first_due_on
from app.domain.errors import LoanError
from app.domain.personal_data import normal_form
from app.domain.posting import require_date
from app.domain.status import LoanStatus
from app.domain.terms import LoanTerms
from tests.books import NOON, Books, submitted

FEB, MAR = date(2024, 2, 1), date(2024, 3, 1)
TODAY = date(2026, 11, 24)
BORROWER = Borrower(id=UUID(int=7), client_id="demo", created_at=datetime(2026, 3, 1, tzinfo=UTC))
CURRENCIES = "CHF, DKK, EUR, GBP, JPY, KWD, NOK, PLN, SEK, USD"

TERMS = [
    ("currency", "ZZZ", f"One of {CURRENCIES} is expected."),
    ("principal_minor", 0, "1 to 1000000000000 minor units are expected."),
    ("annual_rate_percent", "x", "A decimal string from 0 to 100 with at most 6 decimals is expected."),
    ("term_months", 0, "1 to 600 months are expected."),
]

PERSONAL = [
    ("full_name", "", "1 to 200 printable characters are expected."),
    ("email", "x", "An e-mail address of ASCII characters is expected, 254 at most."),
    ("phone", "x", "A number like +441632960961 (E.164) is expected."),
    ("country", "x", "Two letters of ISO 3166-1 are expected, as in DE."),
    ("date_of_birth", "x", "A date like 1990-01-31 is expected."),
    ("date_of_birth", "2020-01-01", "An age of 18 to 120 years is expected."),
    ("national_id", "x", "4 to 32 ASCII letters and digits are expected, with or without - . / between."),
    ("external_ref", "", "1 to 64 of A-Z a-z 0-9 . _ : - are expected."),
]


def paid() -> Books:
    books = Books.disbursed()
    books.pay(1000, MAR)
    return books


def disburse_another_amount() -> None:
    books = Books(lifecycle.approve(submitted(), "officer", NOON))
    disburse(books.loan, 9_999, FEB, MAR, books.stamp())


def reverse_the_first_of_two() -> None:
    books = Books.disbursed()
    first = books.pay(1000, FEB)
    books.pay(100, FEB)
    books.reverse(first, FEB)


BOOKINGS: list[tuple[Callable[[], object], str, str]] = [
    (disburse_another_amount, "amount_minor", "The approved principal is expected."),
    (
        lambda: require_disbursed_on(date(1999, 12, 31)),
        "disbursed_on",
        "A day from 2000-01-01 to 2150-12-31 is expected.",
    ),
    (lambda: require_first_due_on(FEB, FEB), "first_due_on", "A day 1 to 62 days after the disbursement is expected."),
    (lambda: require_date(paid().loan, MAR, FEB), "effective_on", "Today, in UTC, or an earlier day is expected."),
    (
        lambda: require_date(paid().loan, date(2023, 12, 31), TODAY),
        "effective_on",
        "The day of the disbursement or a later one is expected.",
    ),
    (
        lambda: require_date(paid().loan, FEB, TODAY),
        "effective_on",
        "The day of the last transaction or a later one is expected.",
    ),
    (lambda: Books.disbursed().pay(0, FEB), "amount_minor", "At least 1 minor unit is expected."),
    (lambda: Books.disbursed().fee(0, FEB), "amount_minor", "1 to 1000000000000 minor units are expected."),
]

CONFLICTS: list[tuple[Callable[[], object], str, str]] = [
    (
        lambda: erase(BORROWER, [LoanStatus.ACTIVE], NOON),
        "borrower_has_open_loans",
        "A loan of this borrower is still open.",
    ),
    (
        lambda: require_not_erased(replace(BORROWER, erased_at=NOON)),
        "borrower_erased",
        "The borrower's data has been erased.",
    ),
    (
        lambda: lifecycle.approve(submitted(), "applicant", NOON),
        "four_eyes",
        "Who submitted an application cannot approve it.",
    ),
    (
        lambda: Books.disbursed().charge_off(FEB),
        "not_eligible_for_charge_off",
        "The loan is not yet 120 days past due.",
    ),
    (
        lambda: paid().reverse(paid().transactions[0], MAR),
        "not_reversible",
        "Only a payment that a borrower made can be reversed.",
    ),
    (
        reverse_the_first_of_two,
        "not_the_last_payment",
        "Only the last payment that was not reversed can be reversed.",
    ),
]


@pytest.mark.parametrize(("field", "value", "sentence"), TERMS)
def test_a_term_is_refused_with_what_it_can_be(field: str, value: str | int, sentence: str) -> None:
    given = {"currency": "EUR", "principal_minor": 100_000, "annual_rate_percent": "7.25", "term_months": 36}

    assert faults(lambda: LoanTerms.of(**given | {field: value})) == [(field, sentence)]  # type: ignore[arg-type]  # mixed


@pytest.mark.parametrize(("field", "text", "sentence"), PERSONAL)
def test_personal_data_is_refused_with_what_it_can_be(field: str, text: str, sentence: str) -> None:
    assert faults(lambda: normal_form({field: text}, TODAY)) == [(field, sentence)]


@pytest.mark.parametrize(("attempt", "field", "sentence"), BOOKINGS)
def test_a_booking_is_refused_with_what_it_can_be(attempt: Callable[[], object], field: str, sentence: str) -> None:
    assert faults(attempt) == [(field, sentence)]


@pytest.mark.parametrize(("attempt", "code", "sentence"), CONFLICTS)
def test_what_the_state_does_not_allow_is_explained(attempt: Callable[[], object], code: str, sentence: str) -> None:
    error = refusal(attempt)

    assert (error.code, error.detail, error.faults) == (code, sentence, ())


def faults(attempt: Callable[[], object]) -> list[tuple[str, str]]:
    return [(fault.field, fault.message) for fault in refusal(attempt).faults]


def refusal(attempt: Callable[[], object]) -> LoanError:
    with pytest.raises(LoanError) as refused:
        attempt()
    return refused.value
