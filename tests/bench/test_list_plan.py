# SPDX-License-Identifier: Apache-2.0
"""Every page of the list reads as many rows as it shows, however many there are."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.storage.database import db
from bench import caller, pages
from bench.capture import captured
from bench.listing import Side, measure, sides

SMALL, LARGE = 1000, 100_000
# The target is 1.25; a few rounds on a busy machine can't distinguish it from 1.5, but from a page that reads all rows.
LIMIT = 1.6
ROUNDS, EACH = 5, 4
DAYS = 31  # of the longest bucket in the portfolio, and one step to see that there are no more
BY_DAY = "bucket="
NAMES = [(listing.name, place) for listing in pages.LISTINGS for place in pages.PLACES]


@pytest.fixture(scope="module")
def portfolios() -> Iterator[tuple[Side, Side]]:
    """Run the service on a small and on a large portfolio."""
    with sides(SMALL, LARGE, echo=lambda _line: None) as both:
        yield both


@pytest.mark.parametrize("name", NAMES, ids=" ".join)
def test_a_page_is_read_from_an_index_in_its_order(portfolios: tuple[Side, Side], name: tuple[str, str]) -> None:
    plan = plan_of(portfolios[1], name)

    kinds = {str(node["Node Type"]) for node in nodes(plan)}
    read = [node for node in nodes(plan) if "Index Name" in node]

    assert read
    assert "Seq Scan" not in kinds
    assert all(node["Actual Rows"] <= pages.LIMIT + 1 for node in read)
    assert all(not node.get("Rows Removed by Filter") for node in nodes(plan))
    if name[0].startswith(BY_DAY):
        # A page of each day at most, by the index alone, and in the table only the rows of the page.
        assert kinds.isdisjoint({"Bitmap Heap Scan", "Hash Join"})
        assert all(node["Actual Loops"] <= DAYS for node in read)
    elif name != ("borrower_id", "last"):  # what is left of a borrower's loans may as well be fetched and sorted
        assert kinds == {"Limit", "Index Scan"}


def test_a_hundred_times_the_loans_take_no_longer(portfolios: tuple[Side, Side]) -> None:
    cells = measure(*portfolios, ROUNDS, EACH, echo=lambda _line: None)

    slow = {(cell.listing, cell.place): str(cell.ratio) for cell in cells if cell.ratio.low > LIMIT}

    assert slow == {}


def plan_of(side: Side, name: tuple[str, str]) -> Mapping[str, Any]:
    """Let PostgreSQL explain the statement that the service sends for a page."""
    with side.app.app_context(), captured(db.engine) as sent:
        caller.timed(side.app, side.requests[name][0])
    [[statement, parameters]] = [(each.statement, each.parameters) for each in sent]
    with side.app.app_context(), db.engine.connect() as connection:
        explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", dict(parameters))
        plan: Mapping[str, Any] = explained.scalar_one()[0]["Plan"]
    return plan


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Walk through a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)
