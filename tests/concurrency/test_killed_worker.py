# SPDX-License-Identifier: Apache-2.0
"""A worker that is killed around its commit leaves everything or nothing, and the retry shows which."""

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest
import requests

from stack.polling import poll
from tests.concurrency.books import assert_books_right
from tests.concurrency.borrowing import LOANS, booked, disbursement, money
from tests.concurrency.gunicorn import START_SECONDS, Client, Service, read, serving
from tests.conftest import INSERT_BORROWER, execute
from tests.factories import application_body


@pytest.fixture(scope="module")
def service(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a service whose workers die on request."""
    with serving(tmp_path_factory.mktemp("dying"), migrated, "tests.concurrency.dying") as running:
        yield running


@pytest.fixture
def officer(service: Service, database: str) -> Iterator[Client]:
    """Give a client of that service, with a borrower in its database."""
    execute(database, INSERT_BORROWER)
    with closing(Client(service)) as client:
        yield client


@pytest.mark.parametrize(("when", "kept"), [("before", False), ("after", True)])
def test_the_retry_after_a_killed_worker_books_once(
    service: Service, officer: Client, database: str, when: str, kept: bool
) -> None:
    loan = active(service, officer)
    path, body = f"{LOANS}/{loan}/repayments", money(100)
    before = service.workers()

    with pytest.raises(requests.ConnectionError):
        officer.once("POST", path, "k", body, X_Test_Dies=when)
    after = booked(database, loan)
    again = officer.ask("POST", path, "k", body)

    poll(lambda: len(set(service.workers()) & set(before)) == len(before) - 1, START_SECONDS, "one killed worker")
    assert after == ([(2, 100)] if kept else [])
    assert again.status_code == 201
    assert (again.headers.get("Idempotent-Replayed") == "true") is kept
    assert booked(database, loan) == [(2, 100)]
    assert execute(database, "SELECT id::text FROM loan_transaction WHERE seq = 2") == [(read(again)["id"],)]
    assert_books_right(database)


def active(service: Service, officer: Client) -> str:
    """Pay a loan out and give its id."""
    with closing(Client(service, "applicant")) as applicant:
        loan = str(read(applicant.ask("POST", LOANS, str(uuid4()), application_body()))["id"])
    for step, body in (("approve", {}), ("disburse", disbursement())):
        answer = officer.ask("POST", f"{LOANS}/{loan}/{step}", str(uuid4()), body)
        assert answer.status_code < 300, answer.text
    return loan
