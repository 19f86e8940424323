# SPDX-License-Identifier: Apache-2.0
"""One request counts as one, in the client, Prometheus, /metrics, Loki and Tempo; one loan counts as one, too."""

import time
from functools import partial

import pytest

from stack.polling import poll
from stack.runner import Stack
from stack.tour.caller import LOANS
from tests.chain import books
from tests.chain.agreement import SETTLE_SECONDS, Claim, Moment, require, settle
from tests.chain.conftest import Backends
from tests.chain.loan_lives import LIVES
from tests.chain.signals import answered, traced
from tests.chain.traffic import Client, side_by_side

ROUNDS = 25


def test_every_signal_counts_what_the_client_counted(stack: Stack, backends: Backends) -> None:
    settle(backends)
    before = Moment.now(stack, backends)

    seen = side_by_side(stack.url("nginx"), LIVES * ROUNDS)

    print(f"{len(seen)} requests in {time.time() - before.started:.1f} s")  # noqa: T201  # the figure is the result
    before.require_agreement(seen)
    portfolio = books.kept_portfolio(stack.database_url)
    assert portfolio
    shown = partial(books.shown_portfolio, backends.prometheus)
    poll(lambda: shown() == portfolio, SETTLE_SECONDS, "the portfolio in Prometheus")


def test_one_request_that_no_client_counted_is_noticed_in_every_signal(stack: Stack, backends: Backends) -> None:
    settle(backends)
    before = Moment.now(stack, backends)
    seen = side_by_side(stack.url("nginx"), LIVES)
    ended = time.time()
    require(*before.of_requests(seen, ended))

    for claim in before.of_requests(seen[1:], ended):
        with pytest.raises(AssertionError, match="and too many"):
            require(claim)


def test_a_request_is_counted_though_nothing_newer_is_known(stack: Stack, backends: Backends) -> None:
    Client(stack.url("nginx")).ask(200, f"GET {LOANS}")
    settle(backends)
    time.sleep(1 - time.time() % 1)  # a second begins, and the next request is alone in it
    started, client = time.time(), Client(stack.url("nginx"))

    client.ask(401, f"GET {LOANS}", headers={"Authorization": None})
    ended = time.time()  # in the same second, unless the machine stopped meanwhile

    claim = Claim("a span in Tempo", answered(client.seen), lambda: traced(backends.tempo, started, ended))
    assert claim.settled() == claim.expected
