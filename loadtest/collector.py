# SPDX-License-Identifier: Apache-2.0
"""Collections: they charge and waive fees, reverse failed payments, and charge off loans."""

import random
from http import HTTPStatus

from locust import task

from loadtest.account import Account
from loadtest.answers import Json, wrong_in_account, wrong_in_booking
from loadtest.desk import DESK
from loadtest.people import Body, today
from loadtest.person import Person
from loadtest.routes import CHARGE_OFF, FEE, GIVE_UP_EARLY, LIST, LOANS, READ, REPAY, REVERSE, WAIVE

BUCKETS = {"1-29": (1, 29), "30-59": (30, 59), "60-89": (60, 89), "90-119": (90, 119), "120+": (120, 100_000)}
HOPELESS_DAYS = 120
LATE_FEE_MINOR = 2_500
WAIVED_MINOR = 1_000
# Far more than in life: a minute has to show it.
BOUNCED_SHARE, WAIVED_SHARE = 0.6, 0.8
RECOVERED_SHARE = 4  # a quarter of what was written off comes in at once


class Collector(Person):
    """A user who handles overdue loans."""

    weight = 1
    key_id = "officer"
    think_seconds = (0.1, 0.6)  # as an officer's

    @task(8)
    def work_off(self) -> None:
        """Take the next late loan, and do what its lateness calls for."""
        if not DESK.late:
            self.look_for_late_ones()
            return
        account = DESK.late.popleft()
        path = f"{LOANS}/{account.loan_id}"
        if self.ask(READ, path, lambda body: wrong_in_account(body, account)) is None:
            return
        if account.days_late(today()) >= HOPELESS_DAYS:
            self._write_off(account)
        elif account.last_payment and random.random() < BOUNCED_SHARE:
            self._take_back(account)
        else:
            self._remind(account)

    @task(2)
    def look_for_late_ones(self) -> None:
        """List a bucket of lateness; all of it must be that late."""
        bucket = random.choice(tuple(BUCKETS))
        self.ask(
            LIST, f"{LOANS}?bucket={bucket.replace('+', '%2B')}&limit=20", lambda page: _wrong_in_bucket(page, bucket)
        )

    def _remind(self, account: Account) -> None:
        """Charge a late fee; waive some of it for one who called; try what is too early."""
        on = today()
        if self.book(FEE, account, _money(account, LATE_FEE_MINOR), "fee", (0, 0, LATE_FEE_MINOR)) is None:
            return
        account.fee_minor += LATE_FEE_MINOR
        account.booked(on)
        if random.random() < WAIVED_SHARE:
            if self.book(WAIVE, account, _money(account, WAIVED_MINOR), "fee_waiver", (0, 0, WAIVED_MINOR)) is None:
                return
            account.fee_minor -= WAIVED_MINOR
            account.booked(on)
        refusal = (HTTPStatus.CONFLICT, "not_eligible_for_charge_off")
        self.be_refused(GIVE_UP_EARLY, f"{LOANS}/{account.loan_id}/charge-off", refusal, {"effective_on": str(on)})
        DESK.running.append(account)

    def _take_back(self, account: Account) -> None:
        """Reverse the last payment: the bank sent it back."""
        row = account.rows[account.rows_paid - 1]
        parts = (row["principal_minor"], row["interest_minor"], 0)
        path = f"{LOANS}/{account.loan_id}/transactions/{account.last_payment}/reverse"
        body = {"effective_on": str(account.last_on)}
        if self.write(REVERSE, path, lambda booking: wrong_in_booking(booking, "reversal", parts, account), body):
            account.taken_back(account.last_on)
            DESK.running.append(account)

    def _write_off(self, account: Account) -> None:
        """Write off what is outstanding; some of it comes in after all."""
        owed = account.outstanding_minor
        if self.book(CHARGE_OFF, account, {"effective_on": str(today())}, "charge_off", (owed, 0, 0)) is None:
            return
        account.ended(today(), "charged_off")
        recovered = owed // RECOVERED_SHARE
        if self.book(REPAY, account, _money(account, recovered), "recovery", (recovered, 0, 0)) is None:
            return
        account.recoverable_minor -= recovered
        account.booked(today())
        self.ask(READ, f"{LOANS}/{account.loan_id}", lambda body: wrong_in_account(body, account))


def _money(account: Account, amount_minor: int) -> Body:
    return {"amount_minor": amount_minor, "currency": account.currency, "effective_on": str(today())}


def _wrong_in_bucket(page: Json, bucket: str) -> str | None:
    first, last = BUCKETS[bucket]
    if all(loan["delinquency_bucket"] == bucket and first <= loan["days_past_due"] <= last for loan in page["data"]):
        return None
    return "a bucket has loans that are not so late"
