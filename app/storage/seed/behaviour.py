# SPDX-License-Identifier: Apache-2.0
"""How borrowers pay: most on the day, some early, some late, some no more."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from app.domain.charge_off import ELIGIBLE_DAYS_PAST_DUE
from app.domain.status import LoanStatus
from app.storage.seed.story import Story

HABITS: Final = {"punctual": 62, "early": 12, "late": 12, "stopping": 8, "behind": 6}  # in percent
FEE_AFTER_DAYS: Final = 10  # late by so much costs a fee
FEES_PER_LOAN: Final = 4
MOST_MISSED: Final = 5  # installments, of those who are behind today: every bucket up to 120+ days
WAIVED_SHARE: Final = 0.15
HALVED_SHARE: Final = 0.12  # of late payments come in two halves
WRITTEN_OFF_SHARE: Final = 0.8
RECOVERING_SHARE: Final = 0.55
RECOVERY_BOUNCES: Final = 0.06


@dataclass(frozen=True)
class Behaviour:
    """How one borrower pays; days are counted from the due date."""

    days: tuple[int, int]  # the first and last day of paying
    bounces: float = 0.01  # share of payments that are returned
    ends_after: int | None = None  # so many installments, then the whole rest at once
    stops_after: int | None = None  # so many installments, then nothing
    behind: bool = False  # stopped lately, and is not written off yet


def choose_behaviour(rng: Random, term: int, due: int) -> Behaviour:
    """Draw a behaviour for a loan of so many installments, so many of them due by now."""
    habit = rng.choices(tuple(HABITS), tuple(HABITS.values()))[0]
    if habit == "early":
        return Behaviour((-1, 4), ends_after=rng.randint(1, term))
    if habit == "late":
        return Behaviour((0, 38), bounces=0.05)
    if habit == "stopping":
        return Behaviour((0, 12), bounces=0.03, stops_after=rng.randint(0, term - 1))
    if habit == "behind":
        return Behaviour((0, 6), stops_after=max(0, due - rng.randint(1, MOST_MISSED)), behind=True)
    return Behaviour((-2, 0))


class Life:
    """Plays a disbursed loan up to a last day."""

    def __init__(self, story: Story, rng: Random, late_fee_minor: int, last_day: date) -> None:
        self._story = story
        self._rng = rng
        self._late_fee_minor = late_fee_minor
        self._last_day = last_day
        self._not_before = date.min
        self._fees_left = FEES_PER_LOAN

    def play(self) -> None:
        """Let the borrower pay, as far as the last day allows."""
        due = sum(row.due_on <= self._last_day for row in self._story.rows)
        how = choose_behaviour(self._rng, len(self._story.rows), due)
        while self._story.loan.status is LoanStatus.ACTIVE:
            settled = self._story.unpaid[0].n - 1
            if how.stops_after is not None and settled >= how.stops_after:
                self._default(how)
                return
            paid = self._end() if settled == how.ends_after else self._pay_installment(how)
            if not paid:
                return
            if self._rng.random() < how.bounces:
                self._bounce()

    def _in_time(self, day: date) -> date | None:
        on = self._story.earliest(max(day, self._not_before))
        return on if on <= self._last_day else None

    def _end(self) -> bool:
        on = self._in_time(self._story.unpaid[0].due_on - timedelta(self._rng.randint(1, 26)))
        if on:
            self._story.pay_off(on)
        return on is not None

    def _pay_installment(self, how: Behaviour) -> bool:
        due_on = self._story.unpaid[0].due_on
        late = self._rng.randint(*how.days)
        if late >= FEE_AFTER_DAYS:
            self._fine(due_on + timedelta(FEE_AFTER_DAYS))
        on = self._in_time(due_on + timedelta(late))
        if on is None:
            return False
        amount = self._story.unpaid[0].unpaid.amount_minor
        if late > 0 and self._rng.random() < HALVED_SHARE:
            self._story.pay(max(1, amount // 2), on)
            on = self._in_time(on + timedelta(self._rng.randint(2, 12)))
            amount -= max(1, amount // 2)
        if on and amount:
            self._story.pay(amount, on)
        return on is not None

    def _fine(self, day: date) -> None:
        on = self._in_time(day)
        if on is None or not self._fees_left:
            return
        self._fees_left -= 1
        self._story.assess_fee(self._late_fee_minor, on)
        goodwill = self._in_time(on + timedelta(1))
        if goodwill and self._rng.random() < WAIVED_SHARE:
            self._story.waive_fee(self._late_fee_minor, goodwill)

    def _bounce(self) -> None:
        on = self._in_time(self._story.earliest(date.min) + timedelta(self._rng.randint(1, 4)))
        if on:
            self._story.bounce(on)
            self._not_before = on + timedelta(self._rng.randint(2, 6))

    def _default(self, how: Behaviour) -> None:
        due_on = self._story.unpaid[0].due_on
        for days in (FEE_AFTER_DAYS, FEE_AFTER_DAYS + 30):
            self._fine(due_on + timedelta(days))
        if how.behind or self._rng.random() > WRITTEN_OFF_SHARE:
            return
        on = self._in_time(due_on + timedelta(ELIGIBLE_DAYS_PAST_DUE + self._rng.randint(0, 45)))
        if on is None:
            return
        self._story.charge_off(on)
        if self._rng.random() < RECOVERING_SHARE:
            self._recover(on)

    def _recover(self, day: date) -> None:
        for _ in range(self._rng.randint(1, 5)):
            on = self._in_time(day := day + timedelta(self._rng.randint(20, 45)))
            if on is None:
                return
            share = self._rng.randint(2, 12)
            self._story.pay(max(1, self._story.loan.recoverable_minor * share // 100), on)
            if self._rng.random() < RECOVERY_BOUNCES:
                self._bounce()
