# SPDX-License-Identifier: Apache-2.0
"""The content of each error: clients branch on codes and fields and show the sentences, so all of it is pinned."""

from collections.abc import Callable

import pytest

from app.domain import errors
from app.domain.errors import Fault, LoanError

Make = Callable[[], LoanError]
PHONE = Fault("phone", "invalid_phone", "A number like +441632960961 (E.164) is expected.")
EMAIL = Fault("email", "invalid_email", "An e-mail address is expected.")

# how it is made, its code, its detail, its faults
SAID: list[tuple[Make, str, str, tuple[Fault, ...]]] = [
    (lambda: errors.InvalidTerms(PHONE, EMAIL), "invalid_terms", "No loan can have these terms.", (PHONE, EMAIL)),
    (
        errors.TermsNotAmortizable,
        "terms_not_amortizable",
        "Under these terms some installment would repay nothing.",
        (Fault("term_months", "terms_not_amortizable", "A shorter term or a larger principal is expected."),),
    ),
    (
        lambda: errors.InvalidDate("effective_on", "in_the_future", "An earlier day is expected."),
        "invalid_date",
        "It cannot happen on that date.",
        (Fault("effective_on", "in_the_future", "An earlier day is expected."),),
    ),
    (
        lambda: errors.InvalidBorrower(PHONE, EMAIL),
        "invalid_borrower",
        "No borrower can have this data.",
        (PHONE, EMAIL),
    ),
    (
        errors.CurrencyMismatch,
        "currency_mismatch",
        "The loan is in another currency.",
        (Fault("currency", "currency_mismatch", "The loan's currency is expected."),),
    ),
    (
        lambda: errors.AmountExceedsDue(3402, 10_058),
        "amount_exceeds_due",
        "The amount exceeds what can be taken.",
        (Fault("amount_minor", "amount_exceeds_due", "What is due and next, or the exact payoff, is expected."),),
    ),
    (errors.LoanNotFound, "loan_not_found", "There is no such loan.", ()),
    (errors.BorrowerNotFound, "borrower_not_found", "There is no such borrower.", ()),
    (errors.TransactionNotFound, "transaction_not_found", "The loan has no such transaction.", ()),
    (
        lambda: errors.InvalidStateTransition("active", ["repay"]),
        "invalid_state_transition",
        "The loan's status does not allow this.",
        (),
    ),
    (errors.Stale, "precondition_failed", "It has changed since it was read; read it again.", ()),
]

MEMBERS: list[tuple[Make, dict[str, object]]] = [
    (lambda: errors.AmountExceedsDue(3402, 10_058), {"max_regular_amount_minor": 3402, "payoff_amount_minor": 10_058}),
    (
        lambda: errors.InvalidStateTransition("active", ["repay", "reverse"]),
        {"current_status": "active", "allowed_actions": ["repay", "reverse"]},
    ),
    (errors.Stale, {}),
]

PRINTED: list[tuple[Make, str]] = [
    (errors.Stale, "precondition_failed"),
    (lambda: errors.InvalidTerms(PHONE), "invalid_terms, phone: invalid_phone"),
    (lambda: errors.InvalidBorrower(PHONE, EMAIL), "invalid_borrower, phone: invalid_phone, email: invalid_email"),
]


@pytest.mark.parametrize(("make", "code", "detail", "faults"), SAID)
def test_an_error_has_its_code_its_sentence_and_its_faults(
    make: Make, code: str, detail: str, faults: tuple[Fault, ...]
) -> None:
    error = make()

    assert (error.code, error.detail, error.faults) == (code, detail, faults)


@pytest.mark.parametrize(("make", "members"), MEMBERS)
def test_an_error_gives_programs_what_they_need_to_go_on(make: Make, members: dict[str, object]) -> None:
    assert make().members == members


@pytest.mark.parametrize(("make", "printed"), PRINTED)
def test_an_error_prints_its_codes_and_fields_only(make: Make, printed: str) -> None:
    assert str(make()) == printed


def test_every_error_with_words_of_its_own_is_listed_here() -> None:
    with_words = {each for each in vars(errors).values() if isinstance(each, type) and "__init__" in vars(each)}

    assert with_words - {LoanError, Fault} == {type(make()) for make, *_ in SAID}
