# SPDX-License-Identifier: Apache-2.0
"""Races with their expected outcomes; run on the service, and by the controls on one that lacks a safeguard."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from app.domain.events import BorrowerUpdated, LoanDecided
from app.domain.installment import Installment
from app.storage.accounts import SqlAccounts
from tests.concurrency.books import assert_books_right
from tests.concurrency.borrowing import (
    FIRST_DUE_ON,
    SECOND_DUE_ON,
    Running,
    booked,
    money,
    payoff_minor,
    running,
    submitted,
)
from tests.concurrency.crowd import Crowd, at_once, document, held, lock_of, poster, statuses, waiting
from tests.concurrency.outages import undone
from tests.conftest import execute
from tests.factories import BORROWER
from tests.tries import until_good

BORROWERS = "/api/v1/borrowers"


@dataclass(frozen=True)
class Race:
    """What was raced for, and the answers of all racers."""

    crowd: Crowd
    loan: Running
    answers: Sequence[TestResponse]


def same_request(crowd: Crowd, clients: int) -> Race:
    """Send one repayment many times under one key."""
    loan = running(crowd)
    body = money(loan.installment_minor)
    acts = [poster(crowd, f"{loan.path}/repayments", body, "same") for _ in range(clients)]
    return Race(crowd, loan, at_once(*acts))


def assert_done_once(race: Race) -> None:
    """Expect one booking, one answer with it, and for all others the same answer or one to retry."""
    new = [answer for answer in race.answers if answer.status_code == 201 and not replayed(answer)]
    told = [answer for answer in race.answers if replayed(answer)]
    busy = [answer for answer in race.answers if answer.status_code == 409]
    assert booked(race.crowd.database, race.loan.id) == [(2, race.loan.installment_minor)]
    assert len(new) == 1
    assert {(answer.status_code, answer.data) for answer in told} <= {(201, new[0].data)}
    assert {document(answer)["code"] for answer in busy} <= {"idempotency_key_in_flight"}
    assert len(new) + len(told) + len(busy) == len(race.answers)
    assert_books_right(race.crowd.database)


def shares(crowd: Crowd, clients: int) -> Race:
    """Pay one installment in many parts, each under a key of its own."""
    loan = running(crowd)
    part = loan.installment_minor // clients
    amounts = [part + loan.installment_minor % clients, *[part] * (clients - 1)]
    acts = [
        poster(crowd, f"{loan.path}/repayments", money(amount), f"share-{number}")
        for number, amount in enumerate(amounts)
    ]
    return Race(crowd, loan, at_once(*acts))


def assert_all_booked(race: Race) -> None:
    """Expect that each part counts: the installment is paid to the cent, the bookings are numbered without gaps."""
    rows = booked(race.crowd.database, race.loan.id)
    loan = document(race.crowd.client().get(race.loan.path))
    assert statuses(race.answers) == [201] * len(race.answers)
    assert [seq for seq, _ in rows] == list(range(2, len(race.answers) + 2))
    assert sum(amount for _, amount in rows) == race.loan.installment_minor
    assert loan["next_due_on"] == SECOND_DUE_ON
    assert_books_right(race.crowd.database)


def two_decisions(crowd: Crowd) -> Race:
    """Approve and reject an application at the same moment."""
    path = submitted(crowd.client("applicant"))
    answers = at_once(
        poster(crowd, f"{path}/approve", {}), poster(crowd, f"{path}/reject", {"reason": "affordability"})
    )
    return Race(crowd, Running(path.rpartition("/")[2], 0), answers)


def assert_one_decided(race: Race) -> None:
    """Expect that one decision holds and was published, and that the other answer has the state."""
    [winner] = [answer for answer in race.answers if answer.status_code == 200]
    [loser] = [answer for answer in race.answers if answer.status_code == 409]
    decided = [fact for fact in race.crowd.facts if isinstance(fact, LoanDecided) and str(fact.loan_id) == race.loan.id]
    status = document(race.crowd.client().get(race.loan.path))["status"]
    assert document(winner)["status"] == status == document(loser)["current_status"]
    assert [fact.decision.value for fact in decided] == [status]


def two_changes(crowd: Crowd) -> list[TestResponse]:
    """Change a borrower from two sides that have both seen the same version."""
    tag = crowd.client().get(f"{BORROWERS}/{BORROWER}").headers["ETag"]
    return at_once(patcher(crowd, {"phone": "+441632960961"}, tag), patcher(crowd, {"full_name": "Ada Other"}, tag))


def patcher(crowd: Crowd, changes: dict[str, str], tag: str) -> Callable[[], TestResponse]:
    """Prepare a change of the borrower in the state that the tag names."""
    client = crowd.client()
    return lambda: client.patch(f"{BORROWERS}/{BORROWER}", json=changes, headers={"If-Match": tag})


def assert_one_changed(crowd: Crowd, answers: Sequence[TestResponse]) -> None:
    """Expect that the second is refused as outdated, and that nothing of the first is lost."""
    [winner] = [answer for answer in answers if answer.status_code == 200]
    assert statuses(answers) == [200, 412]
    assert document(crowd.client().get(f"{BORROWERS}/{BORROWER}")) == document(winner)
    assert crowd.count(BorrowerUpdated) == 1
    assert execute(crowd.database, "SELECT version FROM borrower") == [(document(winner)["version"],)]
    crowd.facts.clear()


def replayed(answer: TestResponse) -> bool:
    """Return whether an answer is a repeated one."""
    return answer.headers.get("Idempotent-Replayed") == "true"


def undone_repayment(crowd: Crowd, patch: pytest.MonkeyPatch, sqlstate: str, times: int) -> Race:
    """Pay while the database undoes the transaction so many times."""
    loan = running(crowd)
    undone(patch, sqlstate, times)
    return Race(crowd, loan, [poster(crowd, f"{loan.path}/repayments", money(100), "undone")()])


def assert_succeeds(race: Race) -> None:
    """Expect that the client notices nothing, and that the money is booked once."""
    assert statuses(race.answers) == [201]
    assert booked(race.crowd.database, race.loan.id) == [(2, 100)]
    assert_books_right(race.crowd.database)


@dataclass(frozen=True)
class Held:
    """The answer to a request whose loan another session holds, its duration, and the answers of others meanwhile."""

    crowd: Crowd
    answer: TestResponse
    seconds: float
    others: Sequence[TestResponse]


def loan_held(crowd: Crowd) -> Held:
    """Pay on a loan that a side session holds until all requests have been answered."""
    wanted, other = running(crowd), running(crowd)
    repay = timed(poster(crowd, f"{wanted.path}/repayments", money(100)))
    with held(crowd.database, lock_of(wanted.id)), ThreadPoolExecutor(1) as threads:
        waiter = threads.submit(repay)
        waiting(crowd.database)
        others = [poster(crowd, f"{other.path}/repayments", money(1))() for _ in range(3)]
        others += [crowd.client().get(f"{wanted.path}{more}") for more in ("", "/schedule", "/transactions")]
        return Held(crowd, *waiter.result(), others)


def loan_held_again(crowd: Crowd, seconds: float) -> Held | None:
    """Hold a loan until the answer comes in time; return None if no session was seen waiting."""

    def attempt() -> Held | None:
        try:
            return loan_held(crowd)
        except TimeoutError:  # its wait ended between two checks
            return None

    return until_good(attempt, lambda race: race is not None and race.seconds < seconds)


def timed(act: Callable[[], TestResponse]) -> Callable[[], tuple[TestResponse, float]]:
    """Measure how many seconds an answer takes."""

    def measured() -> tuple[TestResponse, float]:
        began = time.monotonic()
        return act(), time.monotonic() - began

    return measured


def assert_loan_busy(race: Held, seconds: float) -> None:
    """Expect a correct answer in time, and that no other request had to wait, not even readers of the same loan."""
    assert race.answer.status_code in {409, 503}
    assert "Retry-After" in race.answer.headers
    assert race.seconds < seconds
    assert statuses(race.others) == [200, 200, 200, 201, 201, 201]
    assert_books_right(race.crowd.database)


@dataclass(frozen=True)
class Quoted:
    """What was quoted while the payoff was booked, and what the loan cost before."""

    answer: TestResponse
    before: int


def quoted_between(crowd: Crowd, patch: pytest.MonkeyPatch) -> Quoted:
    """Request a payoff quote; between its two reads another request pays the loan off."""
    loan = running(crowd)
    before = payoff_minor(crowd.client(), loan)
    pay_off = poster(crowd, f"{loan.path}/repayments", money(before))
    unpaid = SqlAccounts.unpaid

    def meanwhile(accounts: SqlAccounts, loan_id: UUID) -> Sequence[Installment]:
        patch.setattr(SqlAccounts, "unpaid", unpaid)
        assert statuses(at_once(pay_off)) == [201]
        return unpaid(accounts, loan_id)

    patch.setattr(SqlAccounts, "unpaid", meanwhile)
    quoted = crowd.client().get(f"{loan.path}/payoff-quote?as_of={FIRST_DUE_ON}")
    assert_books_right(crowd.database)
    return Quoted(quoted, before)


def assert_quoted_one_moment(race: Quoted) -> None:
    """Expect a quote as of the moment of its request."""
    assert race.answer.status_code == 200
    assert document(race.answer)["amount_minor"] == race.before
