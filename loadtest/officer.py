# SPDX-License-Identifier: Apache-2.0
"""Loan officers: they decide, disburse, page through the list, search borrowers, and follow the four-eyes principle."""

import random
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from uuid import uuid4

from locust import task

from loadtest.account import Account
from loadtest.answers import Json, wrong_in_created, wrong_in_page, wrong_in_read
from loadtest.desk import DESK
from loadtest.people import Body, an_application, today
from loadtest.person import Person
from loadtest.routes import (
    APPLY,
    APPROVE,
    BORROWERS,
    CANCEL,
    DECIDE_ALONE,
    DISBURSE,
    LIST,
    LOANS,
    MISREAD,
    PAY_OUT_TWICE,
    READ,
    REJECT,
    SCHEDULE,
    SEARCH,
    SHOW_BORROWER,
    Route,
)
from loadtest.schedules import wrong_in_schedule

PAGE_SIZE = 20
PAGES_AT_MOST = 5  # bounded: without a limit, one officer would read the whole database
REASONS = ("affordability", "credit_history", "identity_not_verified", "incomplete_application", "policy")
FATES = ((APPROVE, "approved"), (REJECT, "rejected"), (CANCEL, "cancelled"))
FATE_WEIGHTS = (14, 4, 2)  # most who come so far are approved
# Paid out as of a day in the past, so that a minute of load has months of payments, in time and late.
PAID_OUT_DAYS_AGO = (40, 420)
MONTH_DAYS = 30
TWICE_SHARE = 0.2


class LoanOfficer(Person):
    """A user who decides on applications."""

    weight = 2
    key_id = "officer"
    # Faster than an applicant: this is their job, with the list open all day.
    think_seconds = (0.1, 0.6)

    @task(10)
    def decide(self) -> None:
        """Take the next application: approve most and pay them out, reject or cancel the others."""
        if not DESK.submitted:
            self.leaf_through()
            return
        loan = DESK.submitted.popleft()
        path = f"{LOANS}/{loan['id']}"
        if self.ask(READ, path, lambda body: wrong_in_read(body, loan)) is None:
            return
        fate, outcome = random.choices(FATES, weights=FATE_WEIGHTS)[0]
        reason = {"reason": random.choice(REASONS)} if fate is REJECT else {}
        decided = self._decide(fate, loan, outcome, reason)
        if decided and fate is APPROVE:
            self._pay_out(loan)

    @task(2)
    def leaf_through(self) -> None:
        """Read the list of what waits page by page, the newest first."""
        for _ in self._pages("submitted"):
            pass

    @task(1)
    def open_loans(self) -> None:
        """Open loans from the list; the list and the loan must agree."""
        for page in self._pages("active", at_most=1):
            for loan in page[:3]:
                self.ask(READ, f"{LOANS}/{loan['id']}", partial(_compare, loan))

    @task(2)
    def look_up(self) -> None:
        """Find a borrower by e-mail address, and read them."""
        client = DESK.any_client()
        if client is not None:
            found = self.ask(
                SEARCH,
                f"{BORROWERS}/search",
                lambda body: _wrong_in_found(body, client.id),
                body={"email": client.email},
            )
            if found is not None:
                self.ask(SHOW_BORROWER, f"{BORROWERS}/{client.id}", lambda body: _wrong_in_file(body, client.email))

    @task(1)
    def decide_alone(self) -> None:
        """Enter a paper application and approve it as well: a second pair of eyes has to."""
        client = DESK.any_client()
        if client is None:
            return
        application = an_application(client.id)
        loan = self.write(APPLY, LOANS, lambda body: wrong_in_created(body, application), application)
        if loan is not None:
            self.be_refused(DECIDE_ALONE, f"{LOANS}/{loan['id']}/approve", (HTTPStatus.FORBIDDEN, "four_eyes"), {})
            self._decide(CANCEL, loan, "cancelled")

    @task(2)
    def mistype_number(self) -> None:
        """Request a loan that does not exist."""
        self.be_refused(MISREAD, f"{LOANS}/{uuid4()}", (HTTPStatus.NOT_FOUND, "loan_not_found"))

    def _decide(self, route: Route, loan: Json, outcome: str, body: Body | None = None) -> bool:
        path = f"{LOANS}/{loan['id']}/{route.name.rpartition('/')[2]}"
        decided = self.write(route, path, lambda answer: _wrong_in_decided(answer, outcome), body or {}, HTTPStatus.OK)
        return decided is not None

    def _pages(self, status: str, at_most: int = PAGES_AT_MOST) -> Iterator[list[Json]]:
        seen: set[str] = set()
        path = asked = f"{LOANS}?limit={PAGE_SIZE}&status={status}"
        for _ in range(at_most):
            page = self.ask(LIST, path, lambda body: wrong_in_page(body, PAGE_SIZE, seen, status=status))
            if page is None:
                return
            seen.update(loan["id"] for loan in page.body["data"])
            yield page.body["data"]
            if not page.body["has_more"]:
                return
            path = f"{asked}&cursor={page.body['next_cursor']}"

    def _pay_out(self, loan: Json) -> None:
        on = today() - timedelta(days=random.randrange(*PAID_OUT_DAYS_AGO))
        principal, path = loan["principal_minor"], f"{LOANS}/{loan['id']}"
        body = {
            "amount_minor": principal,
            "disbursed_on": str(on),
            "first_due_on": str(on + timedelta(days=MONTH_DAYS)),
        }
        account = Account(loan["id"], loan["borrower_id"], loan["currency"], on, [], bookings=0)
        if self.book(DISBURSE, account, body, "disbursement", (principal, 0, 0)) is None:
            return
        account.bookings = 1
        if random.random() < TWICE_SHARE:
            refusal = (HTTPStatus.CONFLICT, "invalid_state_transition")
            self.be_refused(PAY_OUT_TWICE, f"{path}/disburse", refusal, body)
        schedule = self.ask(SCHEDULE, f"{path}/schedule", lambda rows: wrong_in_schedule(rows, principal))
        if schedule is not None:
            account.rows = schedule.body["installments"]
            DESK.running.append(account)


def _compare(known: Json, loan: Json) -> str | None:
    return wrong_in_read(loan, known)


def _wrong_in_decided(loan: Json, status: str) -> str | None:
    return None if loan.get("status") == status else f"a decided application is not {status}"


def _wrong_in_found(found: Json, borrower_id: str) -> str | None:
    ids = [borrower["id"] for borrower in found["data"]]
    return None if ids == [borrower_id] else "a search by e-mail found not the one borrower"


def _wrong_in_file(borrower: Json, email: str) -> str | None:
    return None if borrower["email"] == email and not borrower["masked"] else "an officer is shown a masked file"
