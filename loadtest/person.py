# SPDX-License-Identifier: Apache-2.0
"""A user of the service: gives each write an Idempotency-Key, retries some, and checks every answer."""

import random
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import uuid4

from locust import FastHttpUser

from app.access import DEV_SECRETS
from loadtest.account import Account
from loadtest.answers import Answer, Json, WrongAnswer, wrong_in_booking, wrong_in_problem, wrong_in_replay
from loadtest.people import Body, Mistake
from loadtest.routes import RETRIED, Route

Check = Callable[[Json], str | None]
# Of a hundred writes, how many are sent again though they were answered: what a client does that lost the answer.
RETRIED_SHARE = 0.05


def nothing_wrong(_body: Json) -> None:
    """Accept any document: only its status is checked."""


class Person(FastHttpUser):
    """A user who sends requests and checks the answers; FastHttpUser leaves the shared CPU to the service."""

    abstract = True
    key_id: ClassVar[str]
    think_seconds: ClassVar[tuple[float, float]]

    def wait_time(self) -> float:
        """Think between two tasks; `--pace 0` drives as fast as the service answers."""
        options = self.environment.parsed_options
        return random.uniform(*self.think_seconds) * (options.pace if options is not None else 1.0)

    def ask(
        self,
        route: Route,
        path: str,
        check: Check = nothing_wrong,
        *,
        body: Body | None = None,
        status: int = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | None:
        """Send a request and count it as failed unless status and document are right; give the answer if they are."""
        return self._send(route, path, lambda answer: check(answer.body), body, status, headers)

    def write(
        self, route: Route, path: str, check: Check, body: Body | None = None, status: int = HTTPStatus.CREATED
    ) -> Json | None:
        """Send a write with a key of its own; now and then send it again, which must change nothing."""
        key = {"Idempotency-Key": str(uuid4())}
        first = self.ask(route, path, check, body=body, status=status, headers=key)
        if first is None:
            return None
        options = self.environment.parsed_options
        if random.random() < (options.retries if options is not None else RETRIED_SHARE):
            self._send(RETRIED, path, lambda again: wrong_in_replay(again, first), body, status, key)
        return first.body

    def book(self, route: Route, account: Account, body: Body, kind: str, parts: tuple[int, int, int]) -> Json | None:
        """Book something on an account; it must have this kind, and principal, interest and fee."""
        path = f"/api/v1/loans/{account.loan_id}/{route.name.rpartition('/')[2]}"
        return self.write(route, path, lambda booking: wrong_in_booking(booking, kind, parts, account), body)

    def be_refused(
        self,
        route: Route,
        path: str,
        refusal: tuple[int, str],
        body: Body | None = None,
        *,
        key: str = "",
        mistake: Mistake | None = None,
    ) -> None:
        """Send a request that must be refused with this status and code; the right refusal is a success."""
        status, code = refusal
        headers = {"Idempotency-Key": key or str(uuid4())} if route.method == "POST" else {}
        self.ask(
            route,
            path,
            lambda problem: wrong_in_problem(problem, status, code, mistake),
            body=body,
            status=status,
            headers=headers,
        )

    def _send(  # noqa: PLR0917  # what a request and its answer are made of
        self,
        route: Route,
        path: str,
        check: Callable[[Answer], str | None],
        body: Body | None,
        status: int,
        headers: Mapping[str, str] | None,
    ) -> Answer | None:
        sent = {"Authorization": f"Bearer {DEV_SECRETS[self.key_id]}", **(headers or {})}
        with self.client.request(
            route.method, path, name=route.name, json=body, headers=sent, catch_response=True
        ) as response:
            if response.status_code != status:
                response.failure(_refusal(response, status))
                return None
            answer = Answer(_parsed(response), response.headers)
            trouble = check(answer)
            if trouble is not None:
                response.failure(WrongAnswer(trouble))
                return None
            response.success()  # an expected 404 is a right answer
            return answer


def _refusal(response: Any, expected: int) -> str:  # noqa: ANN401  # Locust leaves its responses untyped
    if not response.status_code:
        return f"no answer: {type(response.error).__name__}"
    code = (_parsed(response) or {}).get("code")
    return f"status {response.status_code} ({code}) instead of {int(expected)}"


def _parsed(response: Any) -> Json | None:  # noqa: ANN401
    try:
        return response.json()
    except ValueError:
        return None
