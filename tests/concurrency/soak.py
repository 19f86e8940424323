# SPDX-License-Identifier: Apache-2.0
"""Clients that send random requests, allowed or not, and record what the service has confirmed."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Event, Lock
from time import monotonic
from typing import Any

import requests

from tests.concurrency.borrowing import DISBURSED_ON, LOANS, PRINCIPAL_MINOR, disbursement
from tests.concurrency.gunicorn import Client, Service, read
from tests.factories import application_body, loan_id

MOST_LOANS = 12  # few enough for eight clients to meet all the time
BUSINESS_DAYS = 500  # that pass meanwhile: long enough to fall 120 days behind, shorter than the loans


@dataclass(frozen=True)
class Promise:
    """A request and the answer that confirmed it."""

    key_id: str
    path: str
    key: str
    body: Mapping[str, Any]
    answer: Mapping[str, Any]
    status: int


@dataclass
class Diary:
    """What all clients share: their loans, the confirmed requests, the count of each answer."""

    seconds: float
    began: float = field(default_factory=monotonic)
    loans: list[str] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def today(self) -> str:
        """Give the business day: it passes quickly, and never goes back."""
        passed = min(1.0, (monotonic() - self.began) / self.seconds)
        return str(date.fromisoformat(DISBURSED_ON) + timedelta(days=int(passed * BUSINESS_DAYS)))

    @property
    def over(self) -> bool:
        """Return whether the time is up."""
        return monotonic() - self.began > self.seconds


class RandomClient:
    """One client with two keys, of which one may submit and the other decide."""

    def __init__(self, service: Service, diary: Diary, seed: int) -> None:
        self._diary = diary
        self._chance = random.Random(seed)  # noqa: S311  # repeatable, not secret
        self._clients = {key_id: Client(service, key_id) for key_id in ("applicant", "officer")}
        self._made = 0
        self._name = f"soak-{seed}"

    def live(self) -> Counter[str]:
        """Send requests until the time is up; return what was sent and how many got no answer."""
        doings = self._doings()
        with closing(self._clients["applicant"]) as applicant, closing(self._clients["officer"]) as officer:
            self._lend()
            while not self._diary.over:
                [doing] = self._chance.choices(list(doings), list(doings.values()))
                doing()
            clients = (applicant, officer)
            return Counter(
                sent=sum(client.sent for client in clients),
                resets=sum(client.resets for client in clients),
                unavailable=sum(client.unavailable for client in clients),
            )

    def _doings(self) -> dict[Callable[[], object], int]:
        return {
            self._lend: 4,
            self._repay: 12,
            self._pay_off: 1,
            self._reverse: 4,
            self._charge: 3,
            self._waive: 2,
            self._write_off: 2,
            self._decide_again: 2,
            self._break_a_rule: 4,
            self._send_again: 5,
            self._look: 6,
        }

    def _lend(self) -> None:
        if len(self._diary.loans) >= MOST_LOANS and self._chance.random() < 0.8:  # old ones close
            return
        applied = self._post("applicant", LOANS, application_body(term_months=24))
        path = f"{LOANS}/{read(applied)['id']}"
        if self._post("officer", f"{path}/{self._chance.choice(['approve', 'approve', 'cancel'])}", {}).ok:
            self._post("officer", f"{path}/disburse", disbursement())
        with self._diary.lock:
            self._diary.loans = [*self._diary.loans[-MOST_LOANS + 1 :], path]

    def _repay(self) -> None:
        self._post("applicant", f"{self._loan()}/repayments", self._money(self._chance.randint(1, 60_000)))

    def _pay_off(self) -> None:
        path, today = self._loan(), self._diary.today()
        quoted = self._clients["applicant"].ask("GET", f"{path}/payoff-quote?as_of={today}")
        if quoted.ok:
            self._post("applicant", f"{path}/repayments", self._money(read(quoted)["amount_minor"], today))

    def _reverse(self) -> None:
        path = self._loan()
        booked = read(self._clients["officer"].ask("GET", f"{path}/transactions?limit=100"))["data"]
        if booked:
            one = self._chance.choice(booked[-3:])["id"]
            self._post("officer", f"{path}/transactions/{one}/reverse", {"effective_on": self._diary.today()})

    def _charge(self) -> None:
        self._post("officer", f"{self._loan()}/fees", self._money(self._chance.randint(1, 3000)))

    def _waive(self) -> None:
        self._post("officer", f"{self._loan()}/fee-waivers", self._money(self._chance.randint(1, 3000)))

    def _write_off(self) -> None:
        self._post("officer", f"{self._loan()}/charge-off", {"effective_on": self._diary.today()})

    def _decide_again(self) -> None:
        steps: list[tuple[str, dict[str, Any]]] = [
            ("approve", {}),
            ("reject", {"reason": "suspected_fraud"}),
            ("cancel", {}),
            ("disburse", disbursement()),
        ]
        step, body = self._chance.choice(steps)
        self._post("officer", f"{self._loan()}/{step}", body)

    def _break_a_rule(self) -> None:
        path = self._loan()
        path, body = self._chance.choice(
            [
                (f"{path}/repayments", self._money(10 * PRINCIPAL_MINOR)),
                (f"{path}/repayments", self._money(1) | {"currency": "JPY"}),
                (f"{path}/repayments", self._money(-5)),
                (f"{path}/repayments", self._money(1, "2023-12-31")),
                (f"{LOANS}/{loan_id(7)}/repayments", self._money(1)),
                (f"{path}/transactions/{loan_id(7)}/reverse", {"effective_on": self._diary.today()}),
            ]
        )
        answer = self._post("officer", path, body)
        self._expect(answer.status_code in {404, 409, 422}, f"{path}: {answer.status_code} for what is forbidden")

    def _send_again(self) -> None:
        with self._diary.lock:
            if not self._diary.promises:
                return
            promise = self._chance.choice(self._diary.promises)
        again = self._clients[promise.key_id].ask("POST", promise.path, promise.key, promise.body)
        same = (again.status_code, again.json()) == (promise.status, promise.answer)
        self._expect(same and "Idempotent-Replayed" in again.headers, f"{promise.path}: another answer to the same")

    def _look(self) -> None:
        path = self._loan()
        asked = f"{path}/statement?from={DISBURSED_ON}&to={self._diary.today()}"
        statement = read(self._clients["applicant"].ask("GET", asked))
        changed = sum(line["principal_change_minor"] for line in statement["lines"])
        adds_up = statement["opening_balance_minor"] + changed == statement["closing_balance_minor"] >= 0
        self._expect(adds_up, f"{path}: a statement does not add up")

    def _post(self, key_id: str, path: str, body: Mapping[str, Any]) -> requests.Response:
        self._made += 1
        key = f"{self._name}-{self._made}"
        answer = self._clients[key_id].ask("POST", path, key, body)
        done = "done, confirmed by the retry" if "Idempotent-Replayed" in answer.headers else "done"
        said = done if answer.ok else str(read(answer)["code"])
        with self._diary.lock:
            self._diary.answers[f"{answer.status_code} {said}"] += 1
            if answer.ok:
                self._diary.promises.append(Promise(key_id, path, key, body, answer.json(), answer.status_code))
        return answer

    def _money(self, amount_minor: int, today: str | None = None) -> dict[str, Any]:
        return {"amount_minor": amount_minor, "currency": "EUR", "effective_on": today or self._diary.today()}

    def _loan(self) -> str:
        with self._diary.lock:
            return self._chance.choice(self._diary.loans)

    def _expect(self, fine: bool, otherwise: str) -> None:
        if not fine:
            with self._diary.lock:
                self._diary.wrong.append(otherwise)


def kill_at_random(service: Service, diary: Diary, seed: int, over: Event) -> int:
    """Kill a worker at intervals until stopped; return how many were killed."""
    chance = random.Random(seed)  # noqa: S311  # repeatable, not secret
    killed = 0
    while not over.wait(chance.uniform(0.5, 2.5)) and not diary.over:
        killed += service.kill_one(chance)
    return killed
