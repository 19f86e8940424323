# SPDX-License-Identifier: Apache-2.0
"""What there is of a portfolio, by status, and of the active loans by how late they are."""

from typing import Final

from app.domain.delinquency import Bucket, bucket_of, days_past_due
from app.domain.status import LoanStatus
from app.storage.seed.load import Connection
from app.storage.seed.portfolio import Portfolio

QUERY: Final = """
SELECT status, next_due_on, count(*) FROM loan
WHERE client_id = %s AND starts_with(external_ref, %s) GROUP BY status, next_due_on
"""


def overview(connection: Connection, portfolio: Portfolio) -> dict[str, int]:
    """Count the loans of each status, and the active ones of each bucket as "active, <bucket>"."""
    counts = {status.value: 0 for status in LoanStatus} | {_name(bucket): 0 for bucket in Bucket}
    with connection, connection.cursor() as cursor:
        cursor.execute(QUERY, (portfolio.client_id, portfolio.prefix))
        for status, next_due_on, count in cursor.fetchall():
            counts[status] += count
            if status == LoanStatus.ACTIVE:
                counts[_name(bucket_of(days_past_due(next_due_on, portfolio.as_of)))] += count
    return counts


def _name(bucket: Bucket) -> str:
    return f"{LoanStatus.ACTIVE.value}, {bucket.value}" + ("" if bucket is Bucket.CURRENT else " days")
