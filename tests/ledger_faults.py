# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with the books of tests/ledger_books.py, each as SQL, with the invariants that it breaks."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from tests.ledger_books import LOANS

FIRST_OF: Final = "(SELECT min(id::text)::uuid FROM loan_transaction WHERE loan_id = :active AND kind = '%s')"
# What stands for these names in braces. Months 1 and 2 of the active loan are settled, the third is paid in part.
PLACES: Final = {
    "repayment": FIRST_OF % "repayment",
    "reversal": FIRST_OF % "reversal",
    "fee": FIRST_OF % "fee",
    "oldest": "loan_id = :active AND n = 3",
    "reversals": "loan_transaction WHERE loan_id = :active AND kind = 'reversal' ORDER BY seq",
    "last": "(SELECT max(seq) FROM loan_transaction WHERE loan_id = :active)",
    "unguard": "ALTER TABLE loan_transaction DROP CONSTRAINT",
}


class Fault(NamedTuple):
    """What is spoilt, how, and the codes of the invariants that it breaks: as a rule one."""

    name: str
    statements: str
    breaks: str


FAULTS: Final = (
    Fault("a term that is not the schedule's", "UPDATE loan SET term_months = 11 WHERE id = :paid", "I1"),
    Fault(
        "a schedule before the disbursement",
        "UPDATE installment SET loan_id = :open WHERE loan_id = :lost",
        "I1 I2 I6",
    ),
    Fault("a lost schedule", "DELETE FROM installment WHERE loan_id = :lost", "I1 I6"),
    Fault("a balance that jumps", "UPDATE installment SET opening_balance_minor = 1 WHERE {oldest}", "I2"),
    Fault(
        "a payment unlike the others",
        "UPDATE installment SET interest_minor = 1 WHERE loan_id = :active AND n = 9",
        "I2",
    ),
    Fault(
        "a due date that goes back",
        "UPDATE installment SET due_on = due_on - 40 WHERE loan_id = :active AND n = 9",
        "I2",
    ),
    Fault("another first due date", "UPDATE loan SET first_due_on = first_due_on + 1 WHERE id = :paid", "I2"),
    Fault("another installment", "UPDATE loan SET installment_minor = 1 WHERE id = :paid", "I2"),
    Fault("an installment left out", "UPDATE installment SET n = 13 WHERE loan_id = :active AND n = 12", "I2"),
    Fault(
        "an unpaid remainder",
        "UPDATE installment SET principal_minor = principal_minor - 1 WHERE loan_id = :active AND n = 12",
        "I1 I2",
    ),
    Fault("another recoverable amount", "UPDATE loan SET recoverable_minor = 0 WHERE id = :lost", "I3"),
    Fault("another outstanding amount", "UPDATE loan SET outstanding_principal_minor = 1 WHERE id = :active", "I3 I4"),
    Fault("another amount paid out", "UPDATE loan SET principal_minor = 1000001 WHERE id = :paid", "I1 I2 I3"),
    Fault(
        "a line that is off by one",
        "UPDATE ledger_entry SET amount_minor = amount_minor + 1"
        " WHERE account = 'cash' AND transaction_id = {repayment}",
        "I4",
    ),
    Fault("missing lines", "DELETE FROM ledger_entry WHERE transaction_id = {repayment}", "I4"),
    Fault(
        "lines on the wrong side",
        "UPDATE ledger_entry SET amount_minor = -amount_minor WHERE transaction_id = {reversal}",
        "I4",
    ),
    Fault(
        "a line of the wrong account",
        "UPDATE ledger_entry SET account = 'fee_income'"
        " WHERE account = 'interest_income' AND transaction_id = {repayment}",
        "I4",
    ),
    Fault(
        "a line of an unknown account",
        "UPDATE ledger_entry SET account = 'pocket' WHERE account = 'cash' AND transaction_id = {repayment}",
        "I4",
    ),
    Fault(
        "a fee that moves money",
        "INSERT INTO ledger_entry VALUES ({fee}, 'cash', 'EUR', 500), ({fee}, 'fee_income', 'EUR', -500)",
        "I4",
    ),
    Fault(
        "a line of another currency",
        "UPDATE ledger_entry SET currency = 'USD' WHERE account = 'cash' AND transaction_id = {repayment}",
        "I4 I8",
    ),
    Fault(
        "an amount unlike its parts",
        "{unguard} ck_loan_transaction_parts_add_up;UPDATE loan_transaction SET amount_minor = 7 WHERE id = {fee}",
        "I5",
    ),
    Fault(
        "a negative part",
        "{unguard} ck_loan_transaction_parts_not_negative;"
        "UPDATE loan_transaction SET principal_minor = 1, interest_minor = -1 WHERE id = {fee}",
        "I5",
    ),
    Fault(
        "unpaid principal booked as paid",
        "UPDATE installment SET paid_principal_minor = paid_principal_minor + 1 WHERE {oldest}",
        "I6",
    ),
    Fault(
        "unpaid interest booked as paid",
        "UPDATE installment SET paid_interest_minor = paid_interest_minor + 1 WHERE {oldest}",
        "I6",
    ),
    Fault(
        "a paid fee that is forgotten",
        "UPDATE installment SET fee_minor = fee_minor - 1, paid_fee_minor = paid_fee_minor - 1 WHERE {oldest}",
        "I6",
    ),
    Fault("a fee that was not assessed", "UPDATE installment SET fee_minor = fee_minor + 1 WHERE {oldest}", "I6"),
    Fault("a rebate that was not given", "UPDATE installment SET rebated_interest_minor = 1 WHERE {oldest}", "I6"),
    Fault(
        "a settled row without its day",
        "UPDATE installment SET paid_on = NULL WHERE loan_id = :active AND n = 1",
        "I6",
    ),
    Fault("an unpaid row with a day", "UPDATE installment SET paid_on = due_on WHERE {oldest}", "I6"),
    Fault("an end that is denied", "UPDATE loan SET status = 'active' WHERE id = :paid", "I7"),
    Fault("a charge-off that was none", "UPDATE loan SET status = 'charged_off' WHERE id = :paid", "I7"),
    Fault("a charge-off without its day", "UPDATE loan SET charged_off_on = NULL WHERE id = :lost", "I7"),
    Fault("an active loan that was not paid out", "UPDATE loan SET status = 'active' WHERE id = :refused", "I7"),
    Fault("another next due date", "UPDATE loan SET next_due_on = next_due_on + 1 WHERE id = :active", "I7"),
    Fault("no next due date", "UPDATE loan SET next_due_on = NULL WHERE id = :active", "I7"),
    Fault(
        "lines in another currency",
        "UPDATE ledger_entry SET currency = 'USD' WHERE transaction_id = {repayment}",
        "I8",
    ),
    Fault(
        "a payment reversed twice",
        "{unguard} uq_loan_transaction_reverses_id;"
        "UPDATE loan_transaction SET reverses_id = (SELECT reverses_id FROM {reversals} LIMIT 1)"
        " WHERE id = (SELECT id FROM {reversals} DESC LIMIT 1)",
        "I9",
    ),
    Fault(
        "a reversal of another payment",
        "UPDATE loan_transaction"
        " SET reverses_id = (SELECT id FROM loan_transaction WHERE loan_id = :active AND seq = 2)"
        " WHERE id = (SELECT id FROM {reversals} LIMIT 1)",
        "I9",
    ),
    Fault(
        "a gap in the numbers",
        "UPDATE loan_transaction SET seq = seq + 1 WHERE loan_id = :active AND seq = {last};"
        "UPDATE loan SET last_seq = last_seq + 1 WHERE id = :active",
        "I10",
    ),
    Fault("another last number", "UPDATE loan SET last_seq = last_seq + 1 WHERE id = :active", "I10"),
    Fault("another last day", "UPDATE loan SET last_effective_on = last_effective_on - 1 WHERE id = :active", "I10"),
    Fault("a number without a booking", "UPDATE loan SET last_seq = 1 WHERE id = :open", "I10"),
)


def spoil(connection: Connection, statements: str) -> None:
    """Run statements, separated by semicolons, in which a loan is :name and a place is {name}."""
    for statement in statements.format(**PLACES).split(";"):
        values = {name: loan_id for name, loan_id in LOANS.items() if f":{name}" in statement}
        connection.execute(text(statement), values)
