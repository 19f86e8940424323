# SPDX-License-Identifier: Apache-2.0
"""What the business refuses, each with a code for programs and a sentence for people; never with a value.

LoanError
├── Invalid             well-formed, but no loan can have it
│   ├── InvalidTerms    ── TermsNotAmortizable
│   ├── InvalidDate
│   ├── InvalidBorrower
│   ├── CurrencyMismatch
│   └── AmountExceedsDue
├── NotFound            there is no such thing, or it is another client's
├── Conflict            the state does not allow it
│   └── InvalidStateTransition
├── Forbidden           this caller may not do it
└── Stale               the caller looked at an older version
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Fault:
    """One wrong term: which, a stable code for programs, and a sentence for people; never the value itself."""

    field: str
    code: str
    message: str


class LoanError(Exception):
    """The business refuses."""

    def __init__(
        self, code: str, detail: str, *faults: Fault, members: Mapping[str, int | str | list[str]] | None = None
    ) -> None:
        super().__init__(", ".join([code, *(f"{fault.field}: {fault.code}" for fault in faults)]))
        self.code = code
        self.detail = detail
        self.faults = faults
        self.members: Final = members or {}


class Invalid(LoanError):  # noqa: N818  # a business word, as are those below
    """It can be read, but no loan can have it."""


class InvalidTerms(Invalid):
    """An application whose terms no loan can have."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("invalid_terms", "No loan can have these terms.", *faults)


class TermsNotAmortizable(InvalidTerms):
    """Terms under which some installment would repay nothing, or the last one would be no payment."""

    def __init__(self) -> None:
        fault = Fault("term_months", "terms_not_amortizable", "A shorter term or a larger principal is expected.")
        super().__init__(fault)
        self.code = "terms_not_amortizable"
        self.detail = "Under these terms some installment would repay nothing."


class InvalidDate(Invalid):
    """A date at which this cannot happen."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__("invalid_date", "It cannot happen on that date.", Fault(field, code, message))


class InvalidBorrower(Invalid):
    """Personal data that no borrower can have."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("invalid_borrower", "No borrower can have this data.", *faults)


class CurrencyMismatch(Invalid):
    """Money in another currency than the loan's."""

    def __init__(self) -> None:
        fault = Fault("currency", "currency_mismatch", "The loan's currency is expected.")
        super().__init__("currency_mismatch", "The loan is in another currency.", fault)


class AmountExceedsDue(Invalid):
    """A repayment that is neither covered by what is due and next, nor the exact payoff."""

    def __init__(self, max_regular_amount_minor: int, payoff_amount_minor: int) -> None:
        fault = Fault("amount_minor", "amount_exceeds_due", "What is due and next, or the exact payoff, is expected.")
        members = {"max_regular_amount_minor": max_regular_amount_minor, "payoff_amount_minor": payoff_amount_minor}
        super().__init__("amount_exceeds_due", "The amount exceeds what can be taken.", fault, members=members)


class NotFound(LoanError):  # noqa: N818
    """There is no such thing; another client's looks the same."""


class LoanNotFound(NotFound):
    """There is no such loan."""

    def __init__(self) -> None:
        super().__init__("loan_not_found", "There is no such loan.")


class BorrowerNotFound(NotFound):
    """There is no such borrower."""

    def __init__(self) -> None:
        super().__init__("borrower_not_found", "There is no such borrower.")


class TransactionNotFound(NotFound):
    """The loan has no such transaction."""

    def __init__(self) -> None:
        super().__init__("transaction_not_found", "The loan has no such transaction.")


class Conflict(LoanError):  # noqa: N818
    """The state of things does not allow it."""


class InvalidStateTransition(Conflict):
    """The loan's status does not allow this action."""

    def __init__(self, current_status: str, allowed_actions: list[str]) -> None:
        members: dict[str, str | list[str]] = {"current_status": current_status, "allowed_actions": allowed_actions}
        detail = "The loan's status does not allow this."
        super().__init__("invalid_state_transition", detail, members=members)


class Forbidden(LoanError):  # noqa: N818
    """The caller may not do it."""


class Stale(LoanError):  # noqa: N818
    """The caller decided on an older version than the present one."""

    def __init__(self) -> None:
        super().__init__("precondition_failed", "It has changed since it was read; read it again.")
