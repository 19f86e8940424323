# SPDX-License-Identifier: Apache-2.0
"""Checks the books by separate SQL sums, independent of the service's code."""

from contextlib import closing

import psycopg2

from app.storage.reconcile import reconcile_session
from tests.conftest import execute

# Each booking with the kind and sign of its effect: a reversal is its original with the sign turned.
SIGNED = """
WITH signed AS (
  SELECT t.loan_id, t.id, t.principal_minor, t.interest_minor, t.fee_minor, t.interest_rebate_minor,
         coalesce(o.kind, t.kind) AS kind, CASE WHEN o.id IS NULL THEN 1 ELSE -1 END AS sign
  FROM loan_transaction t LEFT JOIN loan_transaction o ON o.id = t.reverses_id),
moved AS (
  SELECT loan_id,
         sum(sign * principal_minor * CASE WHEN kind = 'disbursement' THEN 1
                                           WHEN kind IN ('repayment', 'payoff', 'charge_off') THEN -1
                                           ELSE 0 END) AS outstanding,
         sum(sign * principal_minor) FILTER (WHERE kind IN ('repayment', 'payoff')) AS principal,
         sum(sign * interest_minor) FILTER (WHERE kind IN ('repayment', 'payoff')) AS interest,
         sum(sign * fee_minor) FILTER (WHERE kind IN ('repayment', 'payoff')) AS fee,
         sum(sign * interest_rebate_minor) AS rebate,
         coalesce(sum(fee_minor) FILTER (WHERE kind = 'fee'), 0)
           - coalesce(sum(fee_minor) FILTER (WHERE kind = 'fee_waiver'), 0) AS charged,
         sum(sign * principal_minor) FILTER (WHERE kind = 'recovery') AS recovered
  FROM signed GROUP BY loan_id),
due AS (
  SELECT loan_id, sum(paid_principal_minor) AS principal, sum(paid_interest_minor) AS interest,
         sum(paid_fee_minor) AS fee, sum(rebated_interest_minor) AS rebate, sum(fee_minor) AS charged,
         bool_and(paid_on IS NOT NULL) AS settled, sum(principal_minor) AS scheduled
  FROM installment GROUP BY loan_id),
principal AS (
  SELECT t.loan_id, sum(e.amount_minor) AS amount FROM ledger_entry e JOIN loan_transaction t ON t.id = e.transaction_id
  WHERE e.account = 'loan_principal' GROUP BY t.loan_id),
numbered AS (SELECT loan_id, count(*) AS bookings, max(seq) AS last_seq FROM loan_transaction GROUP BY loan_id)
"""
# What each query counts must not exist.
WRONG = {
    "debits and credits differ": "SELECT transaction_id FROM ledger_entry"
    " GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0",
    "outstanding is not the sum of the bookings": "SELECT l.id FROM loan l LEFT JOIN moved m ON m.loan_id = l.id"
    " WHERE l.outstanding_principal_minor <> coalesce(m.outstanding, 0)",
    "outstanding is not the ledger's balance": "SELECT l.id FROM loan l LEFT JOIN principal p ON p.loan_id = l.id"
    " WHERE l.outstanding_principal_minor <> coalesce(p.amount, 0)",
    "installments are not paid by the bookings": "SELECT d.loan_id FROM due d LEFT JOIN moved m USING (loan_id)"
    " WHERE (d.principal, d.interest, d.fee, d.rebate, d.charged) IS DISTINCT FROM"
    " (coalesce(m.principal, 0), coalesce(m.interest, 0), coalesce(m.fee, 0), coalesce(m.rebate, 0), m.charged)",
    "the schedule repays another principal": "SELECT l.id FROM loan l JOIN due d ON d.loan_id = l.id"
    " WHERE d.scheduled <> l.principal_minor",
    "recoverable is not what is left": "SELECT l.id FROM loan l JOIN moved m ON m.loan_id = l.id"
    " WHERE l.status = 'charged_off' AND l.principal_minor - coalesce(m.principal, 0) - coalesce(m.recovered, 0)"
    " <> l.recoverable_minor",
    "numbers have gaps": "SELECT l.id FROM loan l LEFT JOIN numbered n ON n.loan_id = l.id"
    " WHERE (coalesce(n.bookings, 0), coalesce(n.last_seq, 0)) <> (l.last_seq, l.last_seq)",
    "closed is not settled": "SELECT l.id FROM loan l JOIN due d ON d.loan_id = l.id"
    " WHERE (l.status = 'paid_off') <> (d.settled AND l.status <> 'charged_off')",
    "a booking without ledger lines": "SELECT t.id FROM loan_transaction t"
    " LEFT JOIN loan_transaction o ON o.id = t.reverses_id"
    " WHERE t.kind NOT IN ('fee', 'fee_waiver')"
    " AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.transaction_id = t.id)",
    "a key without an answer": "SELECT key FROM idempotency_key WHERE status IS NULL OR body IS NULL",
    "a transaction is left open": "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'loan-service' AND state LIKE 'idle in transaction%'",
}


def errors_in_the_books(database: str) -> dict[str, int]:
    """Count what must not exist, by what it is; empty when all is well."""
    count = f"{SIGNED} SELECT count(*) FROM (%s) AS wrong"  # noqa: S608  # constants
    counted = {what: execute(database, count % query) for what, query in WRONG.items()}
    return {what: int(str(number)) for what, [(number,)] in counted.items() if number}


def assert_books_right(database: str) -> None:
    """Add everything up here, and let the service do so in its own way."""
    assert errors_in_the_books(database) == {}
    with closing(psycopg2.connect(database.replace("+psycopg2", ""))) as connection:
        found = reconcile_session(connection)
    assert found.clean, found
