# SPDX-License-Identifier: Apache-2.0
"""A portfolio of any size for the list: loans and borrowers straight into the tables, in the same proportions."""

from collections.abc import Callable
from contextlib import closing
from typing import Final

import psycopg2

Echo = Callable[[str], None]

CHUNK: Final = 100_000  # a line of progress every few seconds
YEARS: Final = 6  # over which the loans were applied for
LOANS_OF_THE_REGULAR: Final = 200  # in a portfolio of any size; one page more than a middle and a last one need
BORROWER: Final = "00000000-0000-0000-0000-000000000001"  # the one with many loans

BORROWERS: Final = """
INSERT INTO borrower (id, client_id, full_name, email, country, version, created_at)
SELECT lpad(to_hex(n), 32, '0')::uuid, 'demo', 'Borrower ' || n, n || '@borrower.example', 'IE', 1, now()
FROM generate_series(1, %(loans)s / 5 + 2) AS n
"""
# Everything hangs on n by hashes, so that neither the order of the rows nor their age predicts a status. Only how late
# a loan can be depends on its age. More loans are late than a lender could bear: a rare bucket of a small portfolio
# must still fill pages.
LOANS: Final = f"""
WITH numbered AS (
  SELECT n, now() - (%(loans)s - n) * interval '{YEARS} years' / %(loans)s AS applied_at,
    abs(hashint4extended(n, 1)) %% 1000 AS fate, abs(hashint4extended(n, 2)) %% 1000 AS lateness,
    (abs(hashint4extended(n, 3)) %% 30)::int AS day
  FROM generate_series(%(first)s, %(last)s) AS n
), decided AS (
  SELECT *, CASE WHEN fate < 600 THEN 'active' WHEN fate < 680 THEN 'submitted' WHEN fate < 700 THEN 'approved'
      WHEN fate < 800 THEN 'rejected' WHEN fate < 820 THEN 'withdrawn' WHEN fate < 830 THEN 'cancelled'
      WHEN fate < 940 THEN 'paid_off' ELSE 'charged_off' END AS status,
    CASE WHEN lateness < 600 THEN -day WHEN lateness < 720 THEN 1 + day %% 29 WHEN lateness < 780 THEN 30 + day
      WHEN lateness < 840 THEN 60 + day WHEN lateness < 900 THEN 90 + day ELSE 120 + 2 * day END AS days_late
  FROM numbered
), dated AS (
  SELECT *, current_date - CASE WHEN applied_at::date > current_date - days_late - 31 THEN -day ELSE days_late END
    AS due_on FROM decided
)
INSERT INTO loan (
  id, client_id, borrower_id, external_ref, currency, principal_minor, annual_rate_percent, term_months, status,
  submitted_by, applied_at, decided_at, decided_by, reject_reason, disbursed_on, first_due_on, installment_minor,
  closed_on, charged_off_on, outstanding_principal_minor, recoverable_minor, next_due_on, last_seq, last_effective_on,
  version)
SELECT lpad(to_hex(n), 32, '0')::uuid, 'demo',
  lpad(to_hex(CASE WHEN n %% (%(loans)s / {LOANS_OF_THE_REGULAR}) = 0 THEN 1 ELSE 2 + n %% (%(loans)s / 5) END),
    32, '0')::uuid,
  'ref-' || n, 'EUR', 1200000, 7.25, 48, status, 'applicant', applied_at,
  CASE WHEN status <> 'submitted' THEN applied_at + interval '1 day' END,
  CASE WHEN status <> 'submitted' THEN 'officer' END,
  CASE WHEN status = 'rejected' THEN 'affordability' END,
  CASE WHEN started THEN applied_at::date END, CASE WHEN started THEN applied_at::date + 31 END,
  CASE WHEN started THEN 28885 END,
  CASE WHEN status IN ('rejected', 'withdrawn', 'cancelled', 'paid_off') THEN applied_at::date END,
  CASE WHEN status = 'charged_off' THEN applied_at::date END,
  CASE WHEN status = 'active' THEN 800000 ELSE 0 END, CASE WHEN status = 'charged_off' THEN 400000 ELSE 0 END,
  CASE WHEN status = 'active' THEN due_on END, CASE WHEN started THEN 9 ELSE 0 END,
  CASE WHEN started THEN applied_at::date END, 3
FROM dated, LATERAL (SELECT status IN ('active', 'paid_off', 'charged_off') AS started) AS life
"""  # noqa: S608  # made of our own constants


def fill(database_url: str, loans: int, echo: Echo = print) -> None:
    """Put so many loans into empty tables, and let PostgreSQL learn what is in them."""
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        # A bulk load: each row's borrower is there by construction; statements may take as long as they take.
        cursor.execute("SET session_replication_role = replica; SET statement_timeout = 0")
        cursor.execute(BORROWERS, {"loans": loans})
        for first in range(1, loans + 1, CHUNK):
            last = min(loans, first + CHUNK - 1)
            cursor.execute(LOANS, {"loans": loans, "first": first, "last": last})
            echo(f"{last:,} of {loans:,} loans")
        # VACUUM too, as autovacuum does after so many inserts: index-only scans need its map.
        cursor.execute("VACUUM (ANALYZE) loan, borrower")
