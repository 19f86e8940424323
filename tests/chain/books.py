# SPDX-License-Identifier: Apache-2.0
"""Business figures by label, from the metrics and from the database, which must be equal."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Final

import psycopg2

from stack.backends import Prometheus
from tests.chain.counter_rises import Totals, risen

BOOKED = "SELECT currency, {} FROM loan_transaction t JOIN loan ON loan.id = loan_id WHERE kind = '{}' GROUP BY 1"
CURRENCY, HOW_MUCH, HOW_OFTEN = ("loan_currency",), "sum(t.amount_minor)", "count(*)"
# Each metric with its labels, and the statement that computes the expected values.
METRICS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "loan_applications_total": (CURRENCY, "SELECT currency, count(*) FROM loan GROUP BY 1"),
    "loan_decisions_total": (
        ("loan_decision", "loan_reject_reason"),
        # Of a loan only the last decision is kept; none here was approved and then withdrawn or cancelled.
        """
        SELECT CASE WHEN status IN ('active', 'paid_off', 'charged_off') THEN 'approved' ELSE status END,
               coalesce(reject_reason, ''), count(*)
        FROM loan WHERE decided_at IS NOT NULL GROUP BY 1, 2
        """,
    ),
    "loan_disbursements_total": (CURRENCY, BOOKED.format(HOW_OFTEN, "disbursement")),
    "loan_disbursed_principal_total": (CURRENCY, BOOKED.format(HOW_MUCH, "disbursement")),
    "loan_repayments_total": (
        ("loan_payment_channel",),
        "SELECT channel, count(*) FROM loan_transaction WHERE kind IN ('repayment', 'payoff') GROUP BY 1",
    ),
    "loan_repaid_amount_total": (
        ("loan_component", "loan_currency"),
        """
        SELECT component, currency, sum(minor)
        FROM loan_transaction t JOIN loan ON loan.id = loan_id, LATERAL (
          VALUES ('principal', t.principal_minor), ('interest', t.interest_minor), ('fee', t.fee_minor)
        ) AS part (component, minor)
        WHERE kind IN ('repayment', 'payoff') GROUP BY 1, 2
        """,
    ),
    "loan_paid_off_total": (CURRENCY, "SELECT currency, count(*) FROM loan WHERE status = 'paid_off' GROUP BY 1"),
    "loan_fees_assessed_total": (CURRENCY, BOOKED.format(HOW_MUCH, "fee")),
    "loan_fees_waived_total": (CURRENCY, BOOKED.format(HOW_MUCH, "fee_waiver")),
    "loan_charge_offs_total": (CURRENCY, BOOKED.format(HOW_OFTEN, "charge_off")),
    "loan_charged_off_principal_total": (CURRENCY, BOOKED.format(HOW_MUCH, "charge_off")),
    "loan_recovered_amount_total": (CURRENCY, BOOKED.format(HOW_MUCH, "recovery")),
    "loan_reversals_total": (
        ("loan_transaction_kind",),
        """
        SELECT undone.kind, count(*)
        FROM loan_transaction t JOIN loan_transaction undone ON undone.id = t.reverses_id GROUP BY 1
        """,
    ),
    "loan_borrower_operations_total": (
        ("loan_borrower_operation",),
        """
        SELECT 'registered', count(*) FROM borrower
        UNION ALL SELECT 'erased', count(*) FROM borrower WHERE erased_at IS NOT NULL
        """,
    ),
}
PORTFOLIO: Final = ("loan_portfolio_loans", "loan_portfolio_outstanding")
NEWEST: Final = "20s"  # the last exports: a worker that no longer watches leaves a value behind
ACTIVE = """
SELECT currency, count(*), sum(outstanding_principal_minor) FROM loan WHERE status = 'active' GROUP BY 1
"""
# The database has no count of these.
NOT_KEPT: Final = {("loan_borrower_operations_total", "updated"), ("loan_borrower_operations_total", "exported")}


def counted(prometheus: Prometheus, since: float) -> Totals:
    """Read by how much every total in Prometheus has risen since a Unix time."""
    found: Totals = Counter()
    for metric, (labels, _) in METRICS.items():
        found.update({(metric, *key): rise for key, rise in risen(prometheus, metric, labels, since).items()})
    return _without(found, NOT_KEPT)


def kept(database_url: str) -> Totals:
    """Read the same totals from the database."""
    found: Totals = Counter()
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        for metric, (_, statement) in METRICS.items():
            cursor.execute(statement)
            for *labels, total in cursor.fetchall():
                found[metric, *labels] = int(total)
    return _without(found)


def shown_portfolio(prometheus: Prometheus) -> Totals:
    """Read how many loans are active, and what is owed on them, from the one worker that watches."""
    found: Totals = Counter()
    for metric in PORTFOLIO:
        newest = f"max by (loan_currency, loan_delinquency_bucket) (last_over_time({metric}[{NEWEST}]))"
        for row in prometheus.query(f"sum by (loan_currency) ({newest})"):
            found[metric, row.labels["loan_currency"]] = round(row.value)
    return _without(found)


def kept_portfolio(database_url: str) -> Totals:
    """Read the same from the database."""
    found: Totals = Counter()
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        cursor.execute(ACTIVE)
        for currency, *figures in cursor.fetchall():
            found.update({(metric, currency): int(figure) for metric, figure in zip(PORTFOLIO, figures, strict=True)})
    return found


def _without(totals: Totals, others: Iterable[tuple[str, ...]] = ()) -> Totals:
    """Leave out what is 0: the service declares all its series from the start."""
    return Counter({name: total for name, total in totals.items() if total and name not in set(others)})
