# SPDX-License-Identifier: Apache-2.0
"""What the business refuses.

LoanError
├── InvalidTerms      an application whose terms no loan can have
└── LoanNotFound      there is no such loan
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One wrong term: which, a stable code for programs, and a sentence for people; never the value itself."""

    field: str
    code: str
    message: str


class LoanError(Exception):
    """The business refuses."""


class InvalidTerms(LoanError):  # noqa: N818  # a business word
    """An application whose terms no loan can have."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(", ".join(f"{fault.field}: {fault.code}" for fault in faults))
        self.faults = faults


class LoanNotFound(LoanError):  # noqa: N818  # a business word
    """There is no such loan."""
