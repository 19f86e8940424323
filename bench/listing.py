# SPDX-License-Identifier: Apache-2.0
"""Measure GET /api/v1/loans on a small and on a large portfolio: request by request in turn, so that noise cancels."""

import gc
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from flask import Flask

from app.storage.migrate import migrate
from bench import caller, pages, portfolio
from bench.caller import Environ
from bench.timing import Ratio, paired_ratio
from stack.postgres import Postgres

Echo = Callable[[str], None]
PATH = "/api/v1/loans"


@dataclass(frozen=True)
class Side:
    """The service on one portfolio, and its requests by list and place."""

    loans: int
    app: Flask
    requests: Mapping[tuple[str, str], Sequence[Environ]]


@dataclass
class Cell:
    """What one page of one list took, in milliseconds: all requests, and each round's median."""

    listing: str
    place: str
    small: list[float] = field(default_factory=list)
    large: list[float] = field(default_factory=list)
    small_medians: list[float] = field(default_factory=list)
    large_medians: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> Ratio:
        """Divide the large portfolio's medians by the small one's."""
        return paired_ratio(self.large_medians, self.small_medians)

    def add(self, small: Sequence[float], large: Sequence[float]) -> None:
        """Note a round."""
        self.small += small
        self.large += large
        self.small_medians.append(median(small))
        self.large_medians.append(median(large))


@contextmanager
def sides(small: int, large: int, echo: Echo) -> Iterator[tuple[Side, Side]]:
    """Run a PostgreSQL with a portfolio of each size, and the service on both."""
    with Postgres.temporary() as server, tempfile.TemporaryDirectory(prefix="loan-bench-") as folder:
        yield (
            side(server.create("small"), small, Path(folder), echo),
            side(server.create("large"), large, Path(folder), echo),
        )


def side(database_url: str, loans: int, folder: Path, echo: Echo) -> Side:
    """Fill a database, and prepare the service on it with all requests."""
    migrate(database_url, echo=lambda _step: None)
    portfolio.fill(database_url, loans, echo)
    app, settings = caller.build(database_url, folder)
    requests: dict[tuple[str, str], Sequence[Environ]] = {}
    for listing in pages.LISTINGS:
        by_place = pages.queries(database_url, settings.secret_key, listing)
        for place, queries in by_place.items():
            requests[listing.name, place] = [caller.get(PATH, query) for query in queries]
            # A page with fewer rows is quicker for that reason alone.
            if caller.rows(caller.timed(app, requests[listing.name, place][0])[1]) != pages.LIMIT:
                raise RuntimeError(f"{loans} loans are too few for a whole {place} page of {listing.name}")
    return Side(loans, app, requests)


def measure(small: Side, large: Side, rounds: int, each: int, echo: Echo) -> list[Cell]:
    """Request every page so many times per round, on both sides in turn."""
    cells = [Cell(listing, place) for listing, place in small.requests]
    gc.collect()
    gc.freeze()  # as Gunicorn's workers do
    for number in range(rounds + 1):
        for cell in cells:
            times = _turns(small, large, cell, each, number)
            if number:  # before that, connections open and statements are compiled
                cell.add(*times)
        if number and number % 10 == 0:
            echo(f"round {number} of {rounds}")
    gc.unfreeze()
    return cells


def _turns(small: Side, large: Side, cell: Cell, each: int, number: int) -> tuple[list[float], list[float]]:
    name = cell.listing, cell.place
    pairs = zip(*(islice(cycle(side.requests[name]), number, number + each) for side in (small, large)), strict=True)
    times: tuple[list[float], list[float]] = ([], [])
    for turn, (one, other) in enumerate(pairs):
        # Who comes first changes, as the first finds the processor's caches filled by the other.
        for which in (0, 1) if turn % 2 else (1, 0):
            app, environ = ((small.app, one), (large.app, other))[which]
            times[which].append(caller.timed(app, environ)[0])
    return times
