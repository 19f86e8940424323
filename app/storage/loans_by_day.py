# SPDX-License-Identifier: Apache-2.0
"""A page of a bucket: gathered from the few days on which its loans are due, however many loans there are.

A bucket is a span of due days, the list has another order, and no index serves both. But each day's loans stand in the
list's order in an index, so the first of each day are enough, and a bucket has few days.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, func, select, true

from app.storage.tables import LoanRow

Order = Callable[[Any], Sequence[ColumnElement[Any]]]


def page_of_days(
    query: Select[tuple[LoanRow]], due: Sequence[ColumnElement[bool]], order: Order, limit: int
) -> Select[tuple[LoanRow]]:
    """Take a page of those loans of a query that meet `due`: conditions on client, status and next_due_on alone."""
    days = _days(and_(*due))
    rows = query.with_only_columns(LoanRow.id, LoanRow.applied_at).where(*due, LoanRow.next_due_on == days.c.day)
    of_a_day = rows.order_by(*order(LoanRow)).limit(limit).lateral("of_a_day")
    page = select(of_a_day.c.id).select_from(days.join(of_a_day, true())).order_by(*order(of_a_day.c)).limit(limit)
    return select(LoanRow).where(LoanRow.id.in_(page)).order_by(*order(LoanRow))


def _days(due: ColumnElement[bool]) -> CTE:
    """Step from each day with loans to the next: the index leads there without touching the loans between."""
    days = select(func.min(LoanRow.next_due_on).label("day")).where(due).cte("days", recursive=True)
    following = select(func.min(LoanRow.next_due_on)).where(due, LoanRow.next_due_on > days.c.day)
    return days.union_all(select(following.scalar_subquery()).where(days.c.day.is_not(None)))
