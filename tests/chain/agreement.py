# SPDX-License-Identifier: Apache-2.0
"""Compares what clients counted with what every signal has counted, for any traffic and any ends of workers."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

from stack.polling import poll
from stack.runner import Stack
from tests.chain import books
from tests.chain.conftest import Backends
from tests.chain.counter_rises import Totals
from tests.chain.signals import Page, answered, keys, logged, pushed, reports, scraped, trace_ids, traced
from tests.chain.traffic import Seen

SETTLE_SECONDS: Final = 90.0
AN_EXPORT_LATER: Final = 6.0  # the interval is 5 s
# What a client can see of the service's ordinary life, and must be among the answers for the proof to be worth much.
STATUSES: Final = {"200", "201", "202", "304", "400", "401", "403", "404", "405", "409", "412", "422", "428"}
FEWEST_ROUTES: Final = 22


@dataclass(frozen=True)
class Claim:
    """One place that should have counted the same."""

    where: str
    expected: Totals
    look: Callable[[], Totals]

    def settled(self) -> Totals:
        """Return the counts once they are the expected ones, contain one that is not expected, or time is over."""
        found: Totals = Counter()

        def decided() -> bool:
            nonlocal found
            found = self.look()
            return found == self.expected or bool(found - self.expected)

        with suppress(TimeoutError):  # a comparison of the counts is a better message
            poll(decided, SETTLE_SECONDS, self.where)
        return found

    def require(self) -> None:
        """Fail unless the settled counts are the expected ones."""
        found = self.settled()
        assert found == self.expected, (self.where, self.expected - found, "and too many:", found - self.expected)

    def require_no_more(self) -> None:
        """Look again; less may be there, on a page to which a starved worker did not contribute in time."""
        too_many = self.look() - self.expected
        assert not too_many, (self.where, "and too many:", too_many)


@dataclass(frozen=True)
class Moment:
    """How things stood before the traffic."""

    stack: Stack
    backends: Backends
    page: Callable[[], Totals]
    page_before: Totals
    kept_before: Totals
    started: float

    @classmethod
    def now(cls, stack: Stack, backends: Backends, page: Callable[[], Totals] | None = None) -> Self:
        """Look at everything; nothing may be under way. The page is the service's /metrics by default."""
        page = page or (lambda: scraped(stack.url("api")))
        # A worker that did not answer in time is on the page with less than it has counted, which is no start.
        poll(lambda: Page(stack.url("api")).is_complete(), SETTLE_SECONDS, "an answer of every worker")
        return cls(stack, backends, page, page(), books.kept(stack.database_url), time.time())

    def require_agreement(self, seen: list[Seen]) -> None:
        """Check that every signal has risen by what was seen, and the business's counters by what the database has."""
        ended = time.time()
        expected = answered(seen)
        assert {status for _, status in expected} == STATUSES
        assert len({route for route, _ in expected}) >= FEWEST_ROUTES
        # One loan counts as one: what the business counters have risen by is what the database holds more than before.
        rows = books.kept(self.stack.database_url) - self.kept_before
        assert {metric for metric, *_ in rows} == set(books.METRICS)
        prometheus, since = self.backends.prometheus, self.started
        key_outcomes: Totals = Counter((answer.key_outcome,) for answer in seen if answer.key_outcome)
        require(
            *self.of_requests(seen, ended),
            Claim("reports of losses", Counter(), self._reported),
            Claim("what became of the idempotency keys", key_outcomes, lambda: keys(prometheus, since)),
            Claim("the business counters in Prometheus", rows, lambda: books.counted(prometheus, since)),
        )

    def _reported(self) -> Totals:
        return Counter((line.text,) for line in reports(self.backends.loki, self.started, time.time()))

    def of_requests(self, seen: list[Seen], ended: float) -> list[Claim]:
        """Claim of every signal that it has counted exactly these requests."""
        prometheus, loki, tempo = self.backends.prometheus, self.backends.loki, self.backends.tempo
        since, expected, ids = self.started, answered(seen), {answer.trace_id for answer in seen}
        each: Totals = Counter((one,) for one in ids)
        return [
            Claim("Prometheus by OTLP", expected, lambda: pushed(prometheus, since)),
            Claim("the union of the workers' /metrics", expected, lambda: self.page() - self.page_before),
            Claim("http_request lines in Loki", expected, lambda: logged(loki, since, ended)),
            Claim("server spans in Tempo", expected, lambda: traced(tempo, since, ended)),
            Claim("traces in Tempo", each, lambda: Counter((one,) for one in trace_ids(tempo, since, ended, len(ids)))),
        ]


def require(*claims: Claim) -> None:
    """Wait until each place has counted exactly what it should, then make sure that it stays at that."""
    for claim in claims:
        claim.require()
    time.sleep(1.0)
    for claim in claims:
        claim.require_no_more()


def settle(backends: Backends) -> None:
    """Wait until what was sent before has arrived: for more than an export interval, nothing has risen."""
    poll(lambda: _quiet(backends), SETTLE_SECONDS, "a quiet Prometheus")


def _quiet(backends: Backends) -> bool:
    since = time.time()
    time.sleep(AN_EXPORT_LATER)
    return not pushed(backends.prometheus, since)
