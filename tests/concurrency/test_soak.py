# SPDX-License-Identifier: Apache-2.0
"""Eight clients send random requests while workers are killed: each confirmed request is in the books once."""

import os
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from tests.concurrency.books import assert_books_right
from tests.concurrency.borrowing import LOANS
from tests.concurrency.gunicorn import serving
from tests.concurrency.soak import Diary, Promise, RandomClient, kill_at_random
from tests.conftest import INSERT_BORROWER, execute

# 8 s in every run, a minute in `nox -s nightly`.
SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "8"))
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(10**6))))  # noqa: S311  # printed, to be repeated
CLIENTS = 8
BOOKED = "SELECT id::text, loan_id::text, kind, amount_minor, seq FROM loan_transaction"


def test_every_promise_is_kept_once_while_workers_are_killed(database: str, tmp_path: Path) -> None:
    execute(database, INSERT_BORROWER)
    print(f"SOAK_SEED={SEED}")  # noqa: T201  # to repeat it
    with serving(tmp_path, database) as service:
        diary = Diary(SOAK_SECONDS)
        over = Event()
        with ThreadPoolExecutor(CLIENTS + 1) as threads:
            killer = threads.submit(kill_at_random, service, diary, SEED, over)
            lives = [threads.submit(RandomClient(service, diary, SEED + number).live) for number in range(CLIENTS)]
            counts = sum((life.result() for life in lives), Counter[str]())
            over.set()
        print(report(diary, counts, killer.result()))  # noqa: T201  # the figures are the result

    assert_kept(diary, database)
    assert counts["resets"] > 0  # else no client noticed that workers were killed


def assert_kept(diary: Diary, database: str) -> None:
    """Expect exactly what was promised in the database, and books that add up."""
    bookings = [promise for promise in diary.promises if "seq" in promise.answer]
    applications = [promise for promise in diary.promises if promise.path == LOANS]
    members = ("id", "loan_id", "kind", "amount_minor", "seq")

    assert diary.wrong == []
    assert set(execute(database, BOOKED)) == {tuple(each.answer[name] for name in members) for each in bookings}
    assert len({each.answer["id"] for each in bookings}) == len(bookings)
    assert {row for (row,) in execute(database, "SELECT id::text FROM loan")} == ids(applications)
    assert execute(database, "SELECT count(*) FROM idempotency_key") == [(len(diary.promises),)]
    assert execute(database, "SELECT coalesce(sum(amount_minor), 0)::int FROM ledger_entry") == [(0,)]
    assert_books_right(database)


def ids(promises: list[Promise]) -> set[str]:
    """Give the ids that the answers named."""
    return {str(promise.answer["id"]) for promise in promises}


def report(diary: Diary, counts: Counter[str], killed: int) -> str:
    """Summarise the run in a few lines."""
    seconds = time.monotonic() - diary.began
    lines = [
        f"{counts['sent']} requests in {seconds:.1f} s, {len(diary.promises)} writes promised",
        f"{killed} workers killed",
        f"{counts['resets']} connections reset, {counts['unavailable']} answers to try again",
        *(f"{number:6} {answer}" for answer, number in diary.answers.most_common()),
    ]
    return "\n".join(lines)
