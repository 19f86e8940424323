# SPDX-License-Identifier: Apache-2.0
"""The measured pages of lists: first, middle and last, plain and by each filter that has an index."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import psycopg2

from app.api.paging import Cursors
from app.api.queries import LoansQuery
from app.services.ports import Position
from bench.portfolio import BORROWER

CLIENT: Final = "demo"
LIMIT: Final = 20
PLACES: Final = ("first", "middle", "last")
MIDDLES: Final = 50  # a place requested repeatedly would be in every cache


@dataclass(frozen=True)
class Listing:
    """A list: its parameters, and the rows that they select, in SQL."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    rows: str = "true"


def _bucket(name: str, first: str, last: str) -> Listing:
    rows = f"status = 'active' AND next_due_on BETWEEN {first} AND {last}"
    return Listing(f"bucket={name}", {"bucket": name}, rows)


LISTINGS: Final = (
    Listing("all"),
    Listing("status=active", {"status": "active"}, "status = 'active'"),
    Listing("status=charged_off", {"status": "charged_off"}, "status = 'charged_off'"),
    Listing("borrower_id", {"borrower_id": BORROWER}, f"borrower_id = '{BORROWER}'"),
    _bucket("current", "current_date", "'infinity'"),
    _bucket("1-29", "current_date - 29", "current_date - 1"),
    _bucket("30-59", "current_date - 59", "current_date - 30"),
    _bucket("120+", "'-infinity'", "current_date - 120"),
)
# In one pass, as each OFFSET would be one. A place is the row before the page.
BEFORE_PAGES: Final = """
WITH matching AS (
  SELECT applied_at, id, row_number() OVER (ORDER BY applied_at DESC, id DESC) AS place, count(*) OVER () AS n
  FROM loan WHERE client_id = %(client)s AND {rows}
)
SELECT applied_at, id, place = n - %(limit)s FROM matching
WHERE place = n - %(limit)s
  OR (place BETWEEN n / 4 AND least(3 * n / 4, n - %(limit)s - 1) AND place %% greatest(1, n / 2 / %(middles)s) = 0)
"""


def queries(database_url: str, secret_key: str, listing: Listing) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """Give the query strings' members of each place's pages."""
    arguments = {"client": CLIENT, "limit": LIMIT, "middles": MIDDLES}
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET timezone = 'UTC'")
        cursor.execute(BEFORE_PAGES.format(rows=listing.rows), arguments)
        places = cursor.fetchall()
    asked = LoansQuery.model_validate(listing.parameters).asked(CLIENT)
    cursors = Cursors(secret_key)

    def following(is_last: bool) -> list[Mapping[str, str]]:
        positions = [Position(applied_at, UUID(loan_id)) for applied_at, loan_id, last in places if last == is_last]
        return [
            {**listing.parameters, "cursor": cursors.write_position(position, asked)}
            for position in positions[:MIDDLES]
        ]

    return {"first": [listing.parameters], "middle": following(is_last=False), "last": following(is_last=True)}
