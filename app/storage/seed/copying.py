# SPDX-License-Identifier: Apache-2.0
"""Histories as PostgreSQL's COPY takes them: text, a tab between columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.domain.borrower import Borrower
from app.domain.installment import Installment
from app.domain.ledger import LedgerLine
from app.domain.loan import Loan
from app.domain.transaction import Transaction
from app.storage.seed.portfolio import History

# In the order of the references between them.
COLUMNS: Final = {
    "borrower": "id client_id external_ref full_name email phone date_of_birth country version created_at",
    "loan": "id client_id borrower_id external_ref currency principal_minor annual_rate_percent term_months status"
    " submitted_by applied_at decided_at decided_by reject_reason disbursed_on first_due_on installment_minor closed_on"
    " charged_off_on outstanding_principal_minor recoverable_minor next_due_on last_seq last_effective_on version",
    "installment": "loan_id n due_on opening_balance_minor principal_minor interest_minor fee_minor"
    " paid_principal_minor paid_interest_minor paid_fee_minor rebated_interest_minor paid_on",
    "loan_transaction": "id loan_id seq kind principal_minor interest_minor fee_minor amount_minor"
    " interest_rebate_minor effective_on posted_at reverses_id channel external_ref",
    "ledger_entry": "transaction_id account currency amount_minor",
}
NULL: Final = "\\N"
# The text format's own characters; none of the made-up values has one, but that must not be what it rests on.
ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True)
class Batch:
    """Some loans as text by table, and how many rows each table gets."""

    text: dict[str, str]
    rows: dict[str, int]


def render(histories: Iterable[History]) -> Batch:
    """Write histories for COPY."""
    tables: dict[str, list[str]] = {table: [] for table in COLUMNS}
    for made in histories:
        loan = made.story.loan
        loan_id, currency = str(loan.id), loan.currency.value
        if made.borrower:
            tables["borrower"].append(_borrower(made.borrower))
        tables["loan"].append(_loan(loan))
        tables["installment"] += [_installment(loan_id, row) for row in made.story.rows]
        for posting in made.story.postings:
            tables["loan_transaction"].append(_transaction(loan_id, posting.transaction))
            tables["ledger_entry"] += _lines(str(posting.transaction.id), currency, posting.lines)
    text = {table: "".join(rows) for table, rows in tables.items()}
    return Batch(text, {table: len(rows) for table, rows in tables.items()})


def _row(values: Iterable[object]) -> str:
    return "\t".join([NULL if value is None else str(value).translate(ESCAPES) for value in values]) + "\n"


def _borrower(borrower: Borrower) -> str:
    return _row(getattr(borrower, column) for column in COLUMNS["borrower"].split())


def _loan(loan: Loan) -> str:
    terms = {
        "currency": loan.currency,
        "principal_minor": loan.terms.principal.amount_minor,
        "annual_rate_percent": loan.terms.annual_rate_percent,
        "term_months": loan.terms.term_months,
    }
    columns = COLUMNS["loan"].split()
    return _row(terms[column] if column in terms else getattr(loan, column) for column in columns)


# The three below are most of the rows: numbers, dates, ids and codes, in which nothing needs an escape.
def _installment(loan_id: str, row: Installment) -> str:
    return (
        f"{loan_id}\t{row.n}\t{row.due_on}\t{row.opening_balance_minor}\t{row.principal_minor}\t{row.interest_minor}"
        f"\t{row.fee_minor}\t{row.paid_principal_minor}\t{row.paid_interest_minor}\t{row.paid_fee_minor}"
        f"\t{row.rebated_interest_minor}\t{row.paid_on or NULL}\n"
    )


def _transaction(loan_id: str, booked: Transaction) -> str:
    parts = booked.parts
    return (
        f"{booked.id}\t{loan_id}\t{booked.seq}\t{booked.kind.value}\t{parts.principal_minor}\t{parts.interest_minor}"
        f"\t{parts.fee_minor}\t{parts.amount_minor}\t{booked.interest_rebate_minor}\t{booked.effective_on}"
        f"\t{booked.posted_at}\t{booked.reverses_id or NULL}\t{booked.channel or NULL}\t{NULL}\n"
    )


def _lines(transaction_id: str, currency: str, lines: Iterable[LedgerLine]) -> list[str]:
    return [f"{transaction_id}\t{line.account.value}\t{currency}\t{line.amount_minor}\n" for line in lines]
