# SPDX-License-Identifier: Apache-2.0
"""Rows 90 to 94: pages, filters and orders."""

from tests.bad_input.case import Case, about, ask, each_of, row
from tests.bad_input.request import CANARY, LOANS, Answer, Request, get, post, require
from tests.bad_input.world import Build, World

NO_LIMITS = ["0", "-1", "101", "abc", "1e2", "", "1.0", "%201", "%2B1", "0x1", "1_0", "%D9%A5", "9" * 5000, CANARY]
NO_CURSOR = (400, "invalid_cursor")
UNKNOWN = [
    "status=deleted",
    "status=",
    "status=active&status=active",
    "sort=password",
    "sort=created_at",
    f"{CANARY}=1",
    "as_of=2024-01-01",
    "Limit=1",
    "limit=1&limit=2",
    "bucket=1-29%00",
    "currency=usd",
    "borrower_id=7",
    "applied_from=2024-02-30",
    f"applied_to={CANARY}",
]


def _query(name: str, query: str) -> Case:
    edge = (414, "uri_too_long") if len(query) > 4000 else None
    return Case(name[:30], ask(f"?{query}"), 400, "invalid_query", edge=edge)


def _cursor(world: World, key_id: str = "officer") -> str:
    """Get the cursor of a list that has a next page."""
    for _ in range(2):
        world.loan("submitted")
    return str(require(world.send(get(f"{LOANS}?limit=1", key_id=key_id)), 200).document["next_cursor"])


def _changed(place: int) -> Build:
    """Flip a bit of a real cursor."""

    def build(world: World) -> Request:
        cursor = _cursor(world)
        flipped = "A" if cursor[place] != "A" else "B"
        at = place % len(cursor)
        return get(f"{LOANS}?limit=1&cursor={cursor[:at]}{flipped}{cursor[at + 1 :]}")

    return build


def _with(query: str, key_id: str = "officer") -> Build:
    """Take a real cursor to another list."""
    return lambda world: get(f"{LOANS}?{query}&cursor={_cursor(world)}", key_id=key_id)


def _truncated(world: World) -> Request:
    return get(f"{LOANS}?limit=1&cursor={_cursor(world)[:-3]}")


def _of_a_loan(world: World) -> Request:
    """Take a loan's cursor to another loan."""
    one, other = world.kept("repaid once"), world.kept("repaid twice")
    page = require(world.send(get(f"{LOANS}/{one}/transactions?limit=1")), 200).document
    return get(f"{LOANS}/{other}/transactions?limit=1&cursor={page['next_cursor']}")


def _emptied(world: World) -> Request:
    """Get a cursor, and let everything behind it leave the list."""
    borrower = world.register()
    loans = [world.loan("submitted", borrower_id=borrower) for _ in range(2)]
    query = f"{LOANS}?status=submitted&borrower_id={borrower}&limit=1"
    cursor = require(world.send(get(query)), 200).document["next_cursor"]
    require(world.send(post(f"{LOANS}/{loans[0]}/withdraw")), 200)
    return get(f"{query}&cursor={cursor}")


def _empty(_world: World, _request: Request, answer: Answer) -> None:
    assert answer.document == {"data": [], "has_more": False, "next_cursor": None}
    assert answer.header("Link") is None


ROWS = [
    row(
        90,
        "a limit that is none",
        400,
        each_of(NO_LIMITS, lambda name, value: _query(name, f"limit={value}")),
        Case("of transactions", about("active", "/transactions?limit=101"), 400, "invalid_query", "limit"),
        reason="Nginx refuses an address of more than 4 KiB before its limit is read: 414.",
    ),
    row(
        91,
        "a cursor that is none, or another list's",
        400,
        each_of(
            ["", "a", CANARY, "..", "e30", "%00", "%D9%A5", "IiI.AAAA"],
            lambda name, value: Case(f"made up {name}", ask(f"?cursor={value}"), *NO_CURSOR),
        ),
        Case("truncated", _truncated, *NO_CURSOR),
        [Case(f"changed at {place}", _changed(place), *NO_CURSOR) for place in (0, 5, -5)],
        Case("of other filters", _with("limit=1&status=submitted"), *NO_CURSOR),
        Case("of another order", _with("limit=1&sort=applied_at"), *NO_CURSOR),
        Case("of another client", _with("limit=1", "rival"), *NO_CURSOR),
        Case("of another loan", _of_a_loan, *NO_CURSOR),
        Case("of 10 KiB", ask(f"?cursor={CANARY * 730}"), *NO_CURSOR, edge=(414, "uri_too_long")),
        reason="Nginx refuses an address of more than 4 KiB before its cursor is read: 414.",
    ),
    row(92, "an unknown filter, order or parameter", 400, each_of(UNKNOWN, _query)),
    row(
        93,
        "SQL in an order",
        400,
        each_of(
            [
                "sort=created_at;drop%20table%20loan",
                "sort=applied_at--",
                "sort=-applied_at,id",
                "status=active'%20OR%201=1--",
            ],
            _query,
        ),
    ),
    row(94, "a page that has become empty", 200, Case("behind a cursor", _emptied, 200, after=_empty)),
]
