# SPDX-License-Identifier: Apache-2.0
"""One row of the table of bad input, and its cases: a request and the one answer that it must get."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bad_input.request import LOANS, Answer, Headers, Request, get, post, request
from tests.bad_input.world import Build, World, person

After = Callable[[World, Request, Answer], None]


@dataclass(frozen=True)
class Case:
    """A request and its answer: exactly this status and code, and a fault of exactly this member."""

    name: str
    build: Build
    status: int
    code: str | None = None  # None: it is no refusal
    member: str | None = None
    edge: tuple[int, str] | None = None  # Nginx answers first, and otherwise
    edge_only: bool = False  # no request at all, or one that the service never gets
    service_only: bool = False  # Nginx lets nothing like it through
    after: After | None = None  # what else must be so


@dataclass(frozen=True)
class Row:
    """One kind of bad input, and the statuses that it should have; `reason` is why ours differs, if it does."""

    number: int
    title: str
    expected: frozenset[int]
    cases: tuple[Case, ...] = ()
    reason: str = ""
    proved_by: tuple[str, ...] = ()  # other tests, where one request cannot show it


def row(
    number: int,
    title: str,
    expected: int | set[int],
    *cases: Case | Iterable[Case],
    reason: str = "",
    proved_by: tuple[str, ...] = (),
) -> Row:
    """Make a row; cases may come one by one or several at once."""
    flat = [each for one in cases for each in ([one] if isinstance(one, Case) else one)]
    statuses = frozenset({expected} if isinstance(expected, int) else expected)
    return Row(number, title, statuses, tuple(flat), reason, proved_by)


def apply(*, headers: Headers | None = None, **changes: Any) -> Build:  # noqa: ANN401  # also wrong types
    """Request a loan, with some members changed."""
    return lambda world: post(LOANS, world.application(**changes), headers=headers)


def apply_with(changes: Mapping[str, Any]) -> Build:
    """Request a loan, with members whose names are no identifiers or come from a list."""
    return lambda world: post(LOANS, world.application(**changes))


def apply_without(member: str) -> Build:
    """Request a loan and leave a member out."""
    return lambda world: post(LOANS, {name: v for name, v in world.application().items() if name != member})


def send_body(body: bytes | str, **more: Any) -> Build:  # noqa: ANN401  # as of request
    """Request a loan with these bytes for a body."""
    raw = body.encode() if isinstance(body, str) else body
    return lambda _world: request("POST", LOANS, raw, **more)


def register(**changes: Any) -> Build:  # noqa: ANN401  # also wrong types
    """Register a borrower, with some members changed."""
    return lambda _world: post("/api/v1/borrowers", person(**changes))


def quote(**changes: Any) -> Build:  # noqa: ANN401  # also wrong types
    """Request a quote."""
    terms = {"currency": "EUR", "principal_minor": 10_000, "annual_rate_percent": "7", "term_months": 6}
    return lambda _world: post("/api/v1/quotes", terms | changes)


def ask(path: str, *, headers: Headers | None = None) -> Build:
    """Request a path below /api/v1/loans."""
    return lambda _world: get(f"{LOANS}{path}", headers=headers)


def on(state: str, step: str, document: Any = None, **more: Any) -> Build:  # noqa: ANN401
    """Do something to a loan in a state, where it must change nothing."""
    return lambda world: post(f"{LOANS}/{world.kept(state)}/{step}", document, **more)


def on_new(state: str, step: str, document: Any = None) -> Build:  # noqa: ANN401
    """Do something to a new loan in a state."""
    return lambda world: post(f"{LOANS}/{world.loan(state)}/{step}", document)


def about(state: str, path: str) -> Build:
    """Request something about a loan in a state."""
    return lambda world: get(f"{LOANS}/{world.kept(state)}{path}")


def each_of(values: Mapping[str, Any] | Iterable[Any], case: Callable[[str, Any], Case]) -> Iterable[Case]:
    """Make a case of each value, named by its key or by itself."""
    named = values.items() if isinstance(values, Mapping) else [(repr(value), value) for value in values]
    return [case(name, value) for name, value in named]
