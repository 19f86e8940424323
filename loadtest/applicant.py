# SPDX-License-Identifier: Apache-2.0
"""Applicants: they register, request quotes, apply, withdraw, and make mistakes."""

import random
from http import HTTPStatus
from uuid import uuid4

from locust import task

from loadtest.answers import Json, wrong_in_created, wrong_in_read
from loadtest.desk import DESK, Client
from loadtest.people import a_mistaken_application, a_person, an_application, some_terms
from loadtest.person import Person
from loadtest.routes import (
    APPLY,
    BORROWERS,
    DECIDE_ALONE,
    LOANS,
    MISAPPLY,
    QUOTE,
    QUOTES,
    READ,
    REGISTER,
    REUSE_KEY,
    UNCHANGED,
    WITHDRAW,
)
from loadtest.schedules import wrong_in_quote

# Most who apply are new; the others have borrowed before.
RETURNING_SHARE = 0.3


class Applicant(Person):
    """A user who applies for loans."""

    weight = 4  # more people apply for a loan than get one
    key_id = "applicant"
    # A person takes minutes over a form: the pause is about a hundredth of that, so one of these stands for a hundred.
    think_seconds = (0.2, 1.2)

    @task(8)
    def apply(self) -> None:
        """Request a quote, apply for the loan, and read back what was recorded."""
        loan = self._applied()
        if loan is not None:
            DESK.submitted.append(loan)

    @task(2)
    def change_their_mind(self) -> None:
        """Apply, and withdraw before the decision."""
        loan = self._applied()
        if loan is not None:
            self.write(WITHDRAW, f"{LOANS}/{loan['id']}/withdraw", _wrong_in_withdrawn, {}, HTTPStatus.OK)

    @task(2)
    def slip(self) -> None:
        """Make one mistake in the form; the service must point at it."""
        client = self._client()
        if client is not None:
            application, mistake = a_mistaken_application(client.id)
            # What is no UUID or no number is refused by its form, the rest by its meaning.
            code = "invalid_body" if mistake.field == "borrower_id" else "invalid_terms"
            self.be_refused(MISAPPLY, LOANS, (HTTPStatus.UNPROCESSABLE_ENTITY, code), application, mistake=mistake)

    @task(1)
    def use_a_key_twice(self) -> None:
        """Apply for another loan with the key of the last one, as a client with a defect does."""
        client, key = self._client(), str(uuid4())
        if client is None:
            return
        application = an_application(client.id)
        first = self.ask(
            APPLY,
            LOANS,
            lambda loan: wrong_in_created(loan, application),
            body=application,
            status=HTTPStatus.CREATED,
            headers={"Idempotency-Key": key},
        )
        if first is not None:
            other = {**application, "term_months": application["term_months"] + 1}
            self.be_refused(
                REUSE_KEY, LOANS, (HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused"), other, key=key
            )
            DESK.submitted.append(first.body)

    @task(1)
    def approve_it_oneself(self) -> None:
        """Try what only an officer may."""
        loan = self._applied()
        if loan is not None:
            path = f"{LOANS}/{loan['id']}/approve"
            self.be_refused(DECIDE_ALONE, path, (HTTPStatus.FORBIDDEN, "insufficient_scope"), {})
            DESK.submitted.append(loan)

    def _applied(self) -> Json | None:
        client, terms = self._client(), some_terms()
        if client is None or self.ask(QUOTE, QUOTES, lambda quote: wrong_in_quote(quote, terms), body=terms) is None:
            return None
        application = an_application(client.id, terms)
        loan = self.write(APPLY, LOANS, lambda body: wrong_in_created(body, application), application)
        return loan if loan is not None and self._read_back(loan) else None

    def _read_back(self, loan: Json) -> bool:
        """Read a loan twice; the second time it is unchanged, and the answer must be 304."""
        path = f"{LOANS}/{loan['id']}"
        read = self.ask(READ, path, lambda body: wrong_in_read(body, loan))
        if read is None:
            return False
        tag = {"If-None-Match": read.headers["ETag"]}
        return self.ask(UNCHANGED, path, status=HTTPStatus.NOT_MODIFIED, headers=tag) is not None

    def _client(self) -> Client | None:
        known = DESK.any_client()
        if known is not None and random.random() < RETURNING_SHARE:
            return known
        person = a_person()
        body = self.write(REGISTER, BORROWERS, lambda answer: None if answer.get("id") else "id missing", person)
        if body is None:
            return None
        DESK.clients.append(Client(body["id"], person["email"]))
        return DESK.clients[-1]


def _wrong_in_withdrawn(loan: Json) -> str | None:
    return None if loan.get("status") == "withdrawn" else "a withdrawn application is not withdrawn"
