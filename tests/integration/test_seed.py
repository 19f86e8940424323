# SPDX-License-Identifier: Apache-2.0
"""The generated portfolio: consistent, reproducible, resumable, and with loans of every kind."""

import time
from datetime import UTC, date, datetime

import pytest
from psycopg2 import extensions
from psycopg2.errors import CheckViolation
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from app.domain.delinquency import Bucket
from app.domain.status import LoanStatus
from app.domain.transaction import TransactionKind
from app.storage.reconcile import reconcile
from app.storage.seed.copying import COLUMNS, render
from app.storage.seed.load import BATCH_LOANS, load, missing, session
from app.storage.seed.overview import overview
from app.storage.seed.portfolio import RETURNING_EVERY, Portfolio, history
from app.storage.seed.story import Story
from app.storage.waiting import bound_waits
from tests.conftest import empty, execute

PORTFOLIO = Portfolio("demo", 1, date(2026, 11, 24))


def fill(url: str, loans: int, portfolio: Portfolio = PORTFOLIO) -> dict[str, int]:
    with session(url) as connection:
        return load(connection, portfolio, missing(connection, portfolio, loans), lambda _loans: None)


def counted(url: str) -> dict[str, int]:
    with session(url) as connection:
        return overview(connection, PORTFOLIO)


def test_its_books_are_right(database: str) -> None:
    began = time.perf_counter()
    added = fill(database, 300)
    seconds = time.perf_counter() - began

    with create_engine(database, poolclass=NullPool).connect() as connection:
        found = reconcile(connection)
    print(f"{seconds / 300 * 1000:.2f} ms a loan")  # noqa: T201  # a figure for the log

    assert found.clean
    assert found.loans_checked == added["loan"] == 300
    assert seconds < 15  # ten times what it takes: seeding 10,000 loans must not become a coffee break


def test_the_same_portfolio_is_the_same_to_the_last_byte(database: str) -> None:
    def everything() -> list[object]:
        whole = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} t"
        return [execute(database, whole.format(table)) for table in COLUMNS]

    fill(database, 60)
    at_once = everything()
    empty(database)
    fill(database, 20)
    fill(database, 60)

    assert everything() == at_once


@pytest.mark.parametrize(
    "other",
    [Portfolio("demo", 2, PORTFOLIO.as_of), Portfolio("rival", 1, PORTFOLIO.as_of)],
    ids=["another seed", "another client"],
)
def test_portfolios_live_side_by_side(database: str, other: Portfolio) -> None:
    fill(database, 40)
    fill(database, 40, other)

    assert execute(database, "SELECT count(*), count(DISTINCT (principal_minor, applied_at)) FROM loan") == [(80, 80)]


def test_it_goes_on_where_it_was_interrupted(database: str) -> None:
    loans = 2 * BATCH_LOANS + 30
    progress: list[int] = []

    def interrupt(loans: int) -> None:
        progress.append(loans)
        raise KeyboardInterrupt

    with session(database) as connection, pytest.raises(KeyboardInterrupt):
        load(connection, PORTFOLIO, missing(connection, PORTFOLIO, loans), interrupt)
    interrupted = execute(database, "SELECT count(*) FROM loan")
    added = fill(database, loans)
    again = fill(database, loans)

    assert (interrupted, progress) == ([(BATCH_LOANS,)], [BATCH_LOANS])
    assert (added["loan"], again) == (loans - BATCH_LOANS, dict.fromkeys(COLUMNS, 0))
    assert execute(database, "SELECT count(*), count(DISTINCT external_ref) FROM loan") == [(loans, loans)]


def test_a_batch_that_fails_leaves_nothing_behind(database: str) -> None:
    execute(database, "ALTER TABLE ledger_entry ADD CONSTRAINT no_fees CHECK (account <> 'fee_income')")

    try:
        with pytest.raises(CheckViolation):
            fill(database, BATCH_LOANS)
    finally:
        execute(database, "ALTER TABLE ledger_entry DROP CONSTRAINT no_fees")

    # The ledger comes last: all that was there before it is gone again.
    assert execute(database, "SELECT count(*) FROM borrower") == [(0,)]


def test_there_is_a_loan_of_every_kind(database: str) -> None:
    fill(database, 2000)

    kinds = {kind for (kind,) in execute(database, "SELECT DISTINCT kind FROM loan_transaction")}
    currencies = execute(database, "SELECT count(DISTINCT currency) FROM loan")
    reversed_kinds = execute(
        database,
        "SELECT DISTINCT o.kind FROM loan_transaction t JOIN loan_transaction o ON o.id = t.reverses_id ORDER BY 1",
    )
    assert all(counted(database).values())
    assert len(counted(database)) == len(LoanStatus) + len(Bucket)
    assert (kinds, currencies) == (set(TransactionKind), [(10,)])
    assert reversed_kinds == [("payoff",), ("recovery",), ("repayment",)]


def test_nothing_happens_on_the_reference_day_or_later(database: str) -> None:
    fill(database, 200)
    newest = "SELECT max(applied_at), max(decided_at), max(posted_at) FROM loan LEFT JOIN loan_transaction t ON true"

    [moments] = execute(database, newest)

    assert all(moment < datetime(2026, 11, 24, tzinfo=UTC) for moment in moments if isinstance(moment, datetime))
    assert max(str(moment) for moment in moments) > "2026-11-1"


def test_bookings_follow_each_other_in_time() -> None:
    for index in range(1, 60):
        posted = [posting.transaction.posted_at for posting in history(PORTFOLIO, index).story.postings]
        on = [posting.transaction.effective_on for posting in history(PORTFOLIO, index).story.postings]

        assert posted == sorted(set(posted))
        assert [moment.date() for moment in posted] == on


def test_borrowers_are_invented_and_some_come_back(database: str) -> None:
    fill(database, 12 * RETURNING_EVERY)

    rows = execute(database, "SELECT email, phone FROM borrower")
    assert len(rows) == 10 * RETURNING_EVERY
    assert all(str(email).endswith(".example") for email, _ in rows)
    assert {str(phone)[:8] for _, phone in rows if phone} == {"+4477009", "+1202555"}
    assert execute(
        database, "SELECT count(*) FROM loan l JOIN borrower b ON b.id = borrower_id WHERE created_at > applied_at"
    ) == [(0,)]


def test_looking_only_at_the_next_installments_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = render(history(PORTFOLIO, index) for index in range(1, 121))
    monkeypatch.setattr(Story, "_reach", lambda self, _amount: Story.unpaid.fget(self))  # type: ignore[attr-defined]

    assert render(history(PORTFOLIO, index) for index in range(1, 121)) == quick


def test_the_service_s_limits_on_waiting_are_back_afterwards(database: str) -> None:
    bound_waits()
    before = extensions.get_wait_callback()
    fill(database, 1)

    assert extensions.get_wait_callback() is before is not None
