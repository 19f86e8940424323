# SPDX-License-Identifier: Apache-2.0
"""Who uses the service: borrowers who apply and look after their loan, loan officers who work through the list."""

import random
import uuid
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar

from locust import FastHttpUser, task

from loadtest.answers import Json, WrongAnswer, wrong_in_created, wrong_in_page, wrong_in_problem, wrong_in_read
from loadtest.applications import a_mistaken_application, an_application
from loadtest.routes import APPLY, LIST, MISAPPLY, MISREAD, READ, Route

LOANS = "/api/v1/loans"
PAGE_SIZE = 20
PAGES_AT_MOST = 5  # nobody leafs further; without an end, one officer would read the whole database
REMEMBERED = 50


class Person(FastHttpUser):
    """Somebody who asks and checks the answer; FastHttpUser leaves the shared CPU to the service."""

    abstract = True
    think_seconds: ClassVar[tuple[float, float]]

    def wait_time(self) -> float:
        """Think between two tasks; `--pace 0` drives as fast as the service answers."""
        options = self.environment.parsed_options
        return random.uniform(*self.think_seconds) * (options.pace if options is not None else 1.0)

    def ask(
        self,
        route: Route,
        path: str,
        wrong: Callable[[Json], str | None],
        body: Json = None,
        status: int = HTTPStatus.OK,
    ) -> Json | None:
        """Send a request and count it as failed unless status and body are right; give the body if they are."""
        with self.client.request(route.method, path, name=route.name, json=body, catch_response=True) as response:
            if response.status_code != status:
                response.failure(_refusal(response, status))
                return None
            answer = _parsed(response)
            trouble = wrong(answer)
            if trouble is not None:
                response.failure(WrongAnswer(trouble))
                return None
            response.success()  # a 404 that was asked for is a right answer
            return answer


class Borrower(Person):
    """Applies for loans, reads back what was recorded, and looks at them again later."""

    weight = 3  # borrowers outnumber the people who serve them
    # A person takes minutes over a form: the pause is about a hundredth of that, so one of these stands for a hundred.
    think_seconds = (0.2, 1.2)

    def on_start(self) -> None:
        """Begin without a loan."""
        self.loans: deque[Json] = deque(maxlen=REMEMBERED)

    @task(2)
    def apply(self) -> None:
        """Apply for a loan and read it back: it must be what was sent, and stay what was answered."""
        application = an_application()
        loan = self.ask(APPLY, LOANS, lambda body: wrong_in_created(body, application), application, HTTPStatus.CREATED)
        if loan is not None and self.read(loan):
            self.loans.append(loan)

    @task(5)
    def look_again(self) -> None:
        """Look at one of the loans applied for earlier; who has none yet applies first."""
        if self.loans:
            self.read(random.choice(self.loans))
        else:
            self.apply()

    def read(self, loan: Json) -> bool:
        """Read a loan and tell whether it still is what it was."""
        return self.ask(READ, f"{LOANS}/{loan['id']}", lambda body: wrong_in_read(body, loan)) is not None


class LoanOfficer(Person):
    """Leafs through the list, opens loans, and now and then mistypes a number or a form."""

    weight = 1
    # Faster than a borrower: this is their job, with the list open all day.
    think_seconds = (0.1, 0.6)

    def on_start(self) -> None:
        """Begin with nothing opened."""
        self.listed: deque[Json] = deque(maxlen=REMEMBERED)

    @task(3)
    def leaf_through(self) -> None:
        """Read the list page by page, the newest first."""
        seen: set[str] = set()
        path = f"{LOANS}?limit={PAGE_SIZE}"
        for _ in range(PAGES_AT_MOST):
            page = self.ask(LIST, path, lambda body: wrong_in_page(body, PAGE_SIZE, seen))
            if page is None:
                return
            self.listed.extend(page["data"])
            seen.update(loan["id"] for loan in page["data"])
            if not page["has_more"]:
                return
            path = f"{LOANS}?limit={PAGE_SIZE}&cursor={page['next_cursor']}"

    @task(6)
    def open_loan(self) -> None:
        """Open a loan from the list; the list and the loan must tell the same."""
        if self.listed:
            loan = random.choice(self.listed)
            self.ask(READ, f"{LOANS}/{loan['id']}", lambda body: wrong_in_read(body, loan))
        else:
            self.leaf_through()

    @task(1)
    def mistype_number(self) -> None:
        """Ask for a loan that nobody has."""
        unknown = f"{LOANS}/{uuid.uuid4()}"
        self.ask(MISREAD, unknown, lambda body: wrong_in_problem(body, 404), status=HTTPStatus.NOT_FOUND)

    @task(1)
    def mistype_form(self) -> None:
        """Enter a paper application with a mistake in it; the service must point at the mistake."""
        application, mistake = a_mistaken_application()
        expected = HTTPStatus.UNPROCESSABLE_ENTITY
        self.ask(MISAPPLY, LOANS, lambda body: wrong_in_problem(body, 422, mistake), application, expected)


def _refusal(response: Any, expected: int) -> str:  # noqa: ANN401  # Locust leaves its responses untyped
    if not response.status_code:
        return f"no answer: {type(response.error).__name__}"
    return f"status {response.status_code} instead of {int(expected)}"


def _parsed(response: Any) -> Json | None:  # noqa: ANN401
    try:
        return response.json()
    except ValueError:
        return None
