# SPDX-License-Identifier: Apache-2.0
"""Borrowers: they pay what is due, in time or late, look at their account, and end their loan early or not at all."""

import random
from datetime import date, timedelta
from http import HTTPStatus

from locust import task

from loadtest.account import Account
from loadtest.answers import wrong_in_account
from loadtest.desk import DESK
from loadtest.people import Body, today
from loadtest.person import Person
from loadtest.routes import (
    BOOKINGS,
    LIST,
    LOANS,
    PAY_TOO_MUCH,
    QUOTE_PAYOFF,
    READ,
    REPAY,
    SCHEDULE,
    STATEMENT,
    UNCHANGED,
)
from loadtest.schedules import wrong_in_paid, wrong_in_statement

CHANNELS = ("bank_transfer", "bank_transfer", "direct_debit", "direct_debit", "card", "cash")
LATE_SHARE = 0.2  # of the payments; up to four weeks
GIVES_UP_SHARE = 0.4  # of the loans looked at, far more than in life: a minute has to show it
MOST_DAYS_LATE = 28


class Borrower(Person):
    """A user who repays loans."""

    weight = 4
    key_id = "applicant"
    think_seconds = (0.2, 1.2)  # as an applicant's

    @task(6)
    def pay(self) -> None:
        """Pay what was due until today, an installment at a time, and see that it was booked."""
        account = self._account()
        if account is None:
            return
        for _ in range(random.randrange(1, 4)):
            if not account.unpaid or date.fromisoformat(account.unpaid[0]["due_on"]) > today():
                break
            if not self._pay_next(account):
                return
        self._look_at(account)

    @task(2)
    def study(self) -> None:
        """Read schedule, bookings and statement of the loan; they must agree with each other."""
        account = self._account()
        if account is None:
            return
        path = f"{LOANS}/{account.loan_id}"
        span = f"from={account.disbursed_on}&to={today()}"
        good = (
            self.ask(SCHEDULE, f"{path}/schedule", lambda body: wrong_in_paid(body, account)),
            self.ask(BOOKINGS, f"{path}/transactions?limit=100", lambda body: _wrong_in_bookings(body, account)),
            self.ask(STATEMENT, f"{path}/statement?{span}", lambda body: wrong_in_statement(body, account)),
        )
        if all(good):
            self._look_at(account)

    @task(1)
    def end_it_early(self) -> None:
        """Request a payoff quote for today, and pay exactly that."""
        account = self._account()
        if account is None or not account.unpaid:
            return
        quoted = self.ask(QUOTE_PAYOFF, f"{LOANS}/{account.loan_id}/payoff-quote")
        if quoted is None:
            return
        parts = tuple(quoted.body[f"{part}_minor"] for part in ("principal", "interest", "fee"))
        body = _money(account, quoted.body["amount_minor"], today())
        if self.book(REPAY, account, body, "payoff", (parts[0], parts[1], parts[2])) is not None:
            account.ended(today(), "paid_off")
            self._look_at(account)

    @task(1)
    def pay_too_much(self) -> None:
        """Send more than can be taken, and check the answer's maximum."""
        account = self._account()
        if account is None:
            return
        if account.unpaid:
            # More than everything that could be owed: principal and interest of all rows.
            amount = 2 * sum(row["principal_minor"] + row["interest_minor"] for row in account.rows) + account.fee_minor
            refusal = (HTTPStatus.UNPROCESSABLE_ENTITY, "amount_exceeds_due")
            path = f"{LOANS}/{account.loan_id}/repayments"
            self.be_refused(PAY_TOO_MUCH, path, refusal, _money(account, amount, today()))
        self._look_at(account)

    def _account(self) -> Account | None:
        """Take up a loan; who finds none looks at the list of them."""
        if DESK.running:
            return DESK.running.popleft()
        self.ask(LIST, f"{LOANS}?status=active&limit=5")
        return None

    def _pay_next(self, account: Account) -> bool:
        due = date.fromisoformat(account.unpaid[0]["due_on"])
        delay = random.randrange(MOST_DAYS_LATE) if random.random() < LATE_SHARE else 0
        on = min(max(due + timedelta(days=delay), account.last_on), today())
        # Nothing else is due on that day that would be paid first: the amount settles the oldest installment exactly.
        body = _money(account, account.due_minor, on)
        kind = "payoff" if len(account.unpaid) == 1 and on >= due else "repayment"
        booking = self.book(REPAY, account, body, kind, account.parts_of_next())
        if booking is not None:
            account.paid(on, booking["id"])
        return booking is not None

    def _look_at(self, account: Account) -> None:
        """Read the loan and, nothing having happened, read it again; then lay it down where it belongs."""
        path = f"{LOANS}/{account.loan_id}"
        read = self.ask(READ, path, lambda body: wrong_in_account(body, account))
        if read is None:
            return
        tag = {"If-None-Match": read.headers["ETag"]}
        if self.ask(UNCHANGED, path, status=HTTPStatus.NOT_MODIFIED, headers=tag) is None or not account.unpaid:
            return
        pile = DESK.late if random.random() < GIVES_UP_SHARE else DESK.running
        pile.append(account)


def _money(account: Account, amount_minor: int, on: date) -> Body:
    return {
        "amount_minor": amount_minor,
        "currency": account.currency,
        "effective_on": str(on),
        "channel": random.choice(CHANNELS),
    }


def _wrong_in_bookings(page: Body, account: Account) -> str | None:
    numbers = [booking["seq"] for booking in page["data"]]
    return None if numbers == list(range(1, account.bookings + 1)) else "the bookings are not all there, in order"
