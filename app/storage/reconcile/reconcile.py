# SPDX-License-Identifier: Apache-2.0
"""Runs the checks over all loans, some, or those that changed, and sums up what they found."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg2 import extensions
from sqlalchemy import Connection

from app.storage.reconcile.checks import INVARIANTS, Invariant

MOST_EXAMPLES: Final = 10  # enough to begin with; more would not be read
IN_SCOPE: Final = re.compile(r"IN_SCOPE\(([a-z._]+)\)")

# Each counts a loan once, however much is wrong with it.
FOUND: Final = f"""
SELECT count(*), (array_agg(id::text ORDER BY id))[1:{MOST_EXAMPLES}] FROM (%s) AS found (id)
"""  # noqa: S608  # constants
CHANGED: Final = """
SELECT id::text FROM loan WHERE applied_at >= %(since)s OR decided_at >= %(since)s
UNION SELECT loan_id::text FROM loan_transaction WHERE posted_at >= %(since)s
"""
CHECKED: Final = "SELECT count(*) FROM loan WHERE IN_SCOPE(id)"
# Absolute values, so that two faults don't hide each other; each currency of the loans has a row.
IMBALANCE: Final = """
SELECT l.currency, coalesce(sum(abs(e.difference)), 0) FROM (
    SELECT DISTINCT currency FROM loan WHERE IN_SCOPE(id)
    UNION SELECT e.currency FROM loan_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
    WHERE IN_SCOPE(t.loan_id)
) l LEFT JOIN (
    SELECT e.currency, sum(e.amount_minor) AS difference
    FROM loan_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
    WHERE IN_SCOPE(t.loan_id) GROUP BY e.currency, t.id HAVING sum(e.amount_minor) <> 0
) e ON e.currency = l.currency GROUP BY l.currency
"""

Ask = Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]]


@dataclass(frozen=True)
class Reconciliation:
    """What was found, by the code of the invariant: the number of loans that break it, and some of their ids.

    `imbalance_minor` is by how much debits and credits of transactions differ, by currency and in its minor units.
    """

    violations: dict[str, int]
    examples: dict[str, list[UUID]]
    imbalance_minor: dict[str, int]
    loans_checked: int

    @property
    def clean(self) -> bool:
        """Whether no invariant is violated."""
        return not any(self.violations.values()) and not any(self.imbalance_minor.values())


def reconcile(
    connection: Connection, *, loan_ids: Sequence[UUID] | None = None, since: datetime | None = None
) -> Reconciliation:
    """Check all loans, those of the ids, or those that were applied for, decided or booked on since a moment.

    Each check is one statement; where others write meanwhile, REPEATABLE READ makes them look at the same moment.
    """

    def ask(query: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        return connection.exec_driver_sql(query, dict(values)).all()

    return _reconcile(ask, loan_ids, since)


def reconcile_session(
    session: extensions.connection, since: datetime | None = None, loan_ids: Sequence[UUID] | None = None
) -> Reconciliation:
    """Check as `reconcile` does, on a connection of the driver."""

    def ask(query: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        with session.cursor() as cursor:
            cursor.execute(query, dict(values))
            return cursor.fetchall()

    return _reconcile(ask, loan_ids, since)


def _reconcile(ask: Ask, loan_ids: Sequence[UUID] | None, since: datetime | None) -> Reconciliation:
    ids = None if loan_ids is None else [str(loan_id) for loan_id in loan_ids]
    if since is not None:
        changed = {row[0] for row in ask(CHANGED, {"since": since})}
        ids = sorted(changed if ids is None else changed.intersection(ids))

    def scoped(query: str) -> Sequence[Sequence[Any]]:
        limit = "TRUE" if ids is None else r"\1 = ANY(%(ids)s::uuid[])"
        return ask(IN_SCOPE.sub(limit, query), {"ids": ids})

    found = {invariant.code: scoped(_query(invariant))[0] for invariant in INVARIANTS}
    return Reconciliation(
        violations={code: count for code, (count, _) in found.items()},
        examples={code: [UUID(each) for each in some] for code, (_, some) in found.items() if some},
        imbalance_minor={currency: int(total) for currency, total in scoped(IMBALANCE)},
        loans_checked=scoped(CHECKED)[0][0],
    )


def _query(invariant: Invariant) -> str:
    # UNION gives each loan once, also where it is only one query's.
    queries = [*invariant.queries, "SELECT NULL::uuid WHERE FALSE"]
    return FOUND % " UNION ".join(queries)
