# SPDX-License-Identifier: Apache-2.0
"""What must hold, each as the query that finds the loans of which it does not; IN_SCOPE limits it to some loans."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Invariant:
    """A code for metrics, a sentence for people, and queries of which each gives ids of loans that break it."""

    code: str
    says: str
    queries: tuple[str, ...]


# Transactions under the kind that they are or reverse, with the sign that they count with.
BOOKED: Final = """(
    SELECT t.*, coalesce(original.kind, t.kind) AS moves, CASE WHEN t.kind = 'reversal' THEN -1 ELSE 1 END AS sign
    FROM loan_transaction t LEFT JOIN loan_transaction original ON original.id = t.reverses_id
    WHERE IN_SCOPE(t.loan_id)
)"""
UNPAID: Final = """(principal_minor - paid_principal_minor + interest_minor - paid_interest_minor
    - rebated_interest_minor + fee_minor - paid_fee_minor)"""
RECEIVED: Final = "moves IN ('repayment', 'payoff')"

SCHEDULE_REPAYS: Final = """
SELECT l.id FROM loan l LEFT JOIN (
    SELECT loan_id, sum(principal_minor) AS repaid, count(*) AS installments
    FROM installment WHERE IN_SCOPE(loan_id) GROUP BY loan_id
) i ON i.loan_id = l.id
WHERE IN_SCOPE(l.id) AND (i.repaid, i.installments) IS DISTINCT FROM (
    CASE WHEN l.disbursed_on IS NOT NULL THEN l.principal_minor END,
    CASE WHEN l.disbursed_on IS NOT NULL THEN l.term_months END
)
"""
ROWS_CONTINUE: Final = """
SELECT l.id FROM loan l JOIN (
    SELECT *, lag(opening_balance_minor - principal_minor) OVER earlier AS carried,
        lag(due_on) OVER earlier AS due_before, row_number() OVER earlier AS place, lead(n) OVER earlier IS NULL AS last
    FROM installment WHERE IN_SCOPE(loan_id) WINDOW earlier AS (PARTITION BY loan_id ORDER BY n)
) i ON i.loan_id = l.id
WHERE i.n <> i.place
    OR i.opening_balance_minor <> coalesce(i.carried, l.principal_minor)
    OR i.due_on <= i.due_before
    OR i.n = 1 AND i.due_on IS DISTINCT FROM l.first_due_on
    OR i.last AND i.opening_balance_minor <> i.principal_minor
    OR (NOT i.last OR i.n = 1) AND i.principal_minor + i.interest_minor IS DISTINCT FROM l.installment_minor
"""
PRINCIPAL_IS_LEFT: Final = f"""
SELECT l.id FROM loan l LEFT JOIN (
    SELECT loan_id,
        sum(CASE WHEN moves = 'disbursement' THEN principal_minor END) AS paid_out,
        sum(CASE WHEN moves = 'disbursement' THEN sign WHEN {RECEIVED} OR moves = 'charge_off' THEN -sign ELSE 0 END
            * principal_minor) AS outstanding,
        sum(CASE moves WHEN 'charge_off' THEN sign WHEN 'recovery' THEN -sign ELSE 0 END
            * principal_minor) AS recoverable
    FROM {BOOKED} booked GROUP BY loan_id
) t ON t.loan_id = l.id
WHERE IN_SCOPE(l.id) AND (
    l.outstanding_principal_minor <> coalesce(t.outstanding, 0)
    OR l.recoverable_minor <> coalesce(t.recoverable, 0)
    OR t.paid_out IS DISTINCT FROM CASE WHEN l.disbursed_on IS NOT NULL THEN l.principal_minor END
)
"""  # noqa: S608  # constants
LINES_BALANCE: Final = """
SELECT t.loan_id FROM loan_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
WHERE IN_SCOPE(t.loan_id) GROUP BY t.loan_id, t.id, e.currency HAVING sum(e.amount_minor) <> 0
"""
LINES_FOLLOW: Final = f"""
SELECT t.loan_id FROM {BOOKED} t LEFT JOIN ledger_entry e ON e.transaction_id = t.id
GROUP BY t.loan_id, t.id, t.moves, t.sign, t.amount_minor, t.principal_minor, t.interest_minor, t.fee_minor
HAVING (
    coalesce(sum(e.amount_minor) FILTER (WHERE account = 'cash'), 0),
    coalesce(sum(e.amount_minor) FILTER (WHERE account = 'loan_principal'), 0),
    coalesce(sum(e.amount_minor) FILTER (WHERE account = 'interest_income'), 0),
    coalesce(sum(e.amount_minor) FILTER (WHERE account = 'fee_income'), 0),
    coalesce(sum(e.amount_minor) FILTER (WHERE account = 'charge_off_expense'), 0),
    coalesce(sum(e.amount_minor) FILTER (WHERE account = 'recovery_income'), 0),
    count(*) FILTER (WHERE account NOT IN ('cash', 'loan_principal', 'interest_income', 'fee_income',
        'charge_off_expense', 'recovery_income'))
) <> (
    t.sign * t.amount_minor * CASE WHEN {RECEIVED} OR moves = 'recovery' THEN 1 WHEN moves = 'disbursement' THEN -1
        ELSE 0 END,
    t.sign * t.principal_minor * CASE WHEN {RECEIVED} OR moves = 'charge_off' THEN -1 WHEN moves = 'disbursement' THEN 1
        ELSE 0 END,
    t.sign * t.interest_minor * CASE WHEN {RECEIVED} THEN -1 ELSE 0 END,
    t.sign * t.fee_minor * CASE WHEN {RECEIVED} THEN -1 ELSE 0 END,
    t.sign * t.amount_minor * CASE WHEN moves = 'charge_off' THEN 1 ELSE 0 END,
    t.sign * t.amount_minor * CASE WHEN moves = 'recovery' THEN -1 ELSE 0 END,
    0
)
"""  # noqa: S608  # constants
ACCOUNT_IS_OUTSTANDING: Final = """
SELECT l.id FROM loan l LEFT JOIN (
    SELECT t.loan_id, sum(e.amount_minor) AS held FROM loan_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
    WHERE e.account = 'loan_principal' AND IN_SCOPE(t.loan_id) GROUP BY t.loan_id
) a ON a.loan_id = l.id
WHERE IN_SCOPE(l.id) AND coalesce(a.held, 0) <> l.outstanding_principal_minor
"""
PARTS_ADD_UP: Final = """
SELECT loan_id FROM loan_transaction WHERE IN_SCOPE(loan_id) AND (
    amount_minor <> principal_minor + interest_minor + fee_minor
    OR least(principal_minor, interest_minor, fee_minor, interest_rebate_minor, amount_minor - 1) < 0
)
"""
PAID_IS_RECEIVED: Final = f"""
SELECT coalesce(i.loan_id, t.loan_id) FROM (
    SELECT loan_id, sum(paid_principal_minor) AS principal, sum(paid_interest_minor) AS interest,
        sum(paid_fee_minor) AS fee, sum(rebated_interest_minor) AS rebate, sum(fee_minor) AS assessed
    FROM installment WHERE IN_SCOPE(loan_id) GROUP BY loan_id
) i FULL JOIN (
    SELECT loan_id,
        sum(CASE WHEN {RECEIVED} THEN sign * principal_minor ELSE 0 END) AS principal,
        sum(CASE WHEN {RECEIVED} THEN sign * interest_minor ELSE 0 END) AS interest,
        sum(CASE WHEN {RECEIVED} THEN sign * fee_minor ELSE 0 END) AS fee,
        sum(sign * interest_rebate_minor) AS rebate,
        sum(CASE moves WHEN 'fee' THEN fee_minor WHEN 'fee_waiver' THEN -fee_minor ELSE 0 END) AS assessed
    FROM {BOOKED} booked GROUP BY loan_id
) t ON t.loan_id = i.loan_id
WHERE (i.principal, i.interest, i.fee, i.rebate, i.assessed)
    IS DISTINCT FROM (t.principal, t.interest, t.fee, t.rebate, t.assessed)
"""  # noqa: S608  # constants
SETTLED_IS_DATED: Final = f"""
SELECT loan_id FROM installment WHERE IN_SCOPE(loan_id) AND (paid_on IS NULL) <> ({UNPAID} > 0)
"""  # noqa: S608  # constants
STATUS_FOLLOWS: Final = f"""
SELECT l.id FROM loan l LEFT JOIN (
    SELECT loan_id, min(due_on) FILTER (WHERE {UNPAID} > 0) AS next_due_on
    FROM installment WHERE IN_SCOPE(loan_id) GROUP BY loan_id
) i ON i.loan_id = l.id LEFT JOIN (
    SELECT loan_id, effective_on FROM loan_transaction WHERE kind = 'charge_off' AND IN_SCOPE(loan_id)
) c ON c.loan_id = l.id
WHERE IN_SCOPE(l.id) AND (
    (l.status IN ('active', 'paid_off', 'charged_off')) <> (l.disbursed_on IS NOT NULL)
    OR (l.status = 'charged_off') <> (c.loan_id IS NOT NULL)
    OR c.effective_on IS DISTINCT FROM l.charged_off_on
    OR l.status <> 'charged_off' AND l.disbursed_on IS NOT NULL
        AND (l.status = 'paid_off') <> (i.next_due_on IS NULL)
    OR l.next_due_on IS DISTINCT FROM CASE WHEN l.status = 'active' THEN i.next_due_on END
)
"""  # noqa: S608  # constants
ONE_CURRENCY: Final = """
SELECT l.id FROM loan l JOIN loan_transaction t ON t.loan_id = l.id JOIN ledger_entry e ON e.transaction_id = t.id
WHERE IN_SCOPE(l.id) AND e.currency <> l.currency
"""
REVERSED_ONCE: Final = """
SELECT loan_id FROM loan_transaction WHERE reverses_id IS NOT NULL AND IN_SCOPE(loan_id)
GROUP BY loan_id, reverses_id HAVING count(*) > 1
"""
REVERSAL_MIRRORS: Final = """
SELECT t.loan_id FROM loan_transaction t JOIN loan_transaction o ON o.id = t.reverses_id
WHERE IN_SCOPE(t.loan_id) AND (
    o.loan_id <> t.loan_id OR o.seq >= t.seq OR o.kind NOT IN ('repayment', 'payoff', 'recovery')
    OR (o.principal_minor, o.interest_minor, o.fee_minor, o.interest_rebate_minor)
        <> (t.principal_minor, t.interest_minor, t.fee_minor, t.interest_rebate_minor)
)
"""
NUMBERED: Final = """
SELECT l.id FROM loan l LEFT JOIN (
    SELECT loan_id, count(*) AS bookings, min(seq) AS first_seq, max(seq) AS last_seq,
        max(effective_on) AS last_effective_on
    FROM loan_transaction WHERE IN_SCOPE(loan_id) GROUP BY loan_id
) t ON t.loan_id = l.id
WHERE IN_SCOPE(l.id) AND (
    coalesce(t.first_seq, 1) <> 1 OR t.bookings <> t.last_seq OR l.last_seq <> coalesce(t.last_seq, 0)
    OR l.last_effective_on IS DISTINCT FROM t.last_effective_on
)
"""

INVARIANTS: Final = (
    Invariant("I1", "a schedule repays the principal in the agreed number of installments", (SCHEDULE_REPAYS,)),
    Invariant("I2", "each installment begins with what the one before left, and nothing is left", (ROWS_CONTINUE,)),
    Invariant("I3", "what is outstanding or recoverable is what the transactions left", (PRINCIPAL_IS_LEFT,)),
    Invariant(
        "I4",
        "each transaction has the ledger lines of its kind, and the principal account is what is outstanding",
        (LINES_BALANCE, LINES_FOLLOW, ACCOUNT_IS_OUTSTANDING),
    ),
    Invariant("I5", "an amount is the sum of its parts, of which none is negative", (PARTS_ADD_UP,)),
    Invariant("I6", "what is paid of the installments is what came in", (PAID_IS_RECEIVED, SETTLED_IS_DATED)),
    Invariant("I7", "a loan's status and next due date follow from what is unpaid", (STATUS_FOLLOWS,)),
    Invariant("I8", "a loan has one currency", (ONE_CURRENCY,)),
    Invariant("I9", "a payment is reversed at most once, and as it was", (REVERSED_ONCE, REVERSAL_MIRRORS)),
    Invariant("I10", "transactions are numbered without a gap, and the loan has the last number", (NUMBERED,)),
)
