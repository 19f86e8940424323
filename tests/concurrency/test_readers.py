# SPDX-License-Identifier: Apache-2.0
"""A reader beside writers sees one snapshot, waits for no lock, and can pay nothing by an outdated quote."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event
from time import monotonic

import pytest

from tests.concurrency.books import assert_books_right
from tests.concurrency.borrowing import FIRST_DUE_ON, money, payoff_minor, running, submitted
from tests.concurrency.crowd import Crowd, at_once, document, held, lock_of, poster
from tests.concurrency.reading import bookings_add_up, export_adds_up, listed, schedule_adds_up, statement_adds_up
from tests.concurrency.scenarios import assert_quoted_one_moment, quoted_between
from tests.factories import BORROWER

ROUNDS = 10
WRITES = 16
READS = 5  # of each reader at least, between writes
WRITING_SECONDS = 30.0  # all of it takes a second or two; nothing shares out the interpreter's time evenly


def test_a_quote_waits_for_no_lock(crowd: Crowd) -> None:
    loan = running(crowd)
    with held(crowd.database, lock_of(loan.id)):
        while_held = payoff_minor(crowd.client(), loan)

    assert while_held == payoff_minor(crowd.client(), loan)


def test_a_quote_is_of_one_moment(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_quoted_one_moment(quoted_between(crowd, monkeypatch))


def test_a_quote_that_is_out_of_date_is_refused_with_the_new_amount(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        loan = running(crowd)
        quoted = payoff_minor(crowd.client(), loan)
        pay_off, repay = (poster(crowd, f"{loan.path}/repayments", money(amount)) for amount in (quoted, 100))

        paid_off, repaid = at_once(pay_off, repay)

        if paid_off.status_code == 201:
            assert (document(paid_off)["kind"], repaid.status_code) == ("payoff", 409)
        else:
            assert (paid_off.status_code, repaid.status_code) == (422, 201)
            assert document(paid_off)["payoff_amount_minor"] == quoted - 100
            again = crowd.client().post(f"{loan.path}/repayments", json=money(quoted - 100))
            assert (again.status_code, document(again)["kind"]) == (201, "payoff")
    assert_books_right(crowd.database)


def test_every_answer_adds_up_while_others_write(crowd: Crowd) -> None:
    loan = running(crowd)

    def account() -> None:
        statement_adds_up(crowd.client("applicant"), loan)
        schedule_adds_up(crowd.client("applicant"), loan)

    def everything() -> None:
        bookings_add_up(crowd.client("applicant"), loan)
        export_adds_up(crowd.client(), BORROWER)

    with repeated(account, everything) as reads:
        for number in writes(reads):
            paid = document(crowd.client().post(f"{loan.path}/repayments", json=money(100 + number)))
            if number % 4 == 0:
                undo = f"{loan.path}/transactions/{paid['id']}/reverse"
                assert crowd.client().post(undo, json={"effective_on": FIRST_DUE_ON}).status_code == 201
        rest = payoff_minor(crowd.client(), loan)
        assert crowd.client().post(f"{loan.path}/repayments", json=money(rest)).status_code == 201

    assert min(reads) > READS
    assert_books_right(crowd.database)


@pytest.mark.parametrize("sort", ["applied_at", "-applied_at"])
def test_pages_neither_skip_nor_repeat_while_loans_are_submitted(crowd: Crowd, sort: str) -> None:
    before = [submitted(crowd.client("applicant")).rpartition("/")[2] for _ in range(30)]
    order = before if sort == "applied_at" else before[::-1]
    lists: list[list[str]] = []
    with repeated(lambda: lists.append(listed(crowd.client("applicant"), sort))) as reads:
        for _ in writes(reads):
            submitted(crowd.client("applicant"))

    assert len(lists) > READS
    for ids in lists:
        assert len(set(ids)) == len(ids)
        assert [each for each in ids if each in set(before)] == order
    assert_books_right(crowd.database)


def writes(reads: Sequence[int]) -> Iterator[int]:
    """Yield a number for each write, until there are enough and each reader has read often enough meanwhile."""
    deadline = monotonic() + WRITING_SECONDS
    for number in count():
        if monotonic() > deadline or (number >= WRITES and min(reads) >= READS):
            return
        yield number


@contextmanager
def repeated(*acts: Callable[[], None]) -> Iterator[list[int]]:
    """Do each thing over and over in a thread of its own, at least once after the block; give how often so far."""
    over = Event()
    counts = [0] * len(acts)

    def keep_on(place: int) -> None:
        last = False
        while not last:
            last = over.is_set()
            acts[place]()
            counts[place] += 1  # of no other writer

    with ThreadPoolExecutor(len(acts)) as threads:
        readers = [threads.submit(keep_on, place) for place in range(len(acts))]
        try:
            yield counts
        finally:
            over.set()
    for reader in readers:
        reader.result()
