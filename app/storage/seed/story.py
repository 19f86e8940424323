# SPDX-License-Identifier: Apache-2.0
"""One loan's life, event by event: the domain decides what each does, this keeps what came of it."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID

from app.domain import charge_off, disbursement, fees, payoff, repayment, reversal
from app.domain.installment import Installment
from app.domain.loan import Loan
from app.domain.money import Money
from app.domain.posting import Posting
from app.domain.repayment import Received
from app.domain.repayment_channel import Channel
from app.domain.transaction import REVERSIBLE, Stamp, Transaction

OPENS, CLOSES = 7 * 3600, 20 * 3600  # seconds of the day, in UTC
BETWEEN: Final = timedelta(seconds=30)  # two bookings of a day
CHANNELS: Final = (Channel.DIRECT_DEBIT, Channel.BANK_TRANSFER, Channel.CARD, Channel.CASH, Channel.OTHER)
CHANNEL_SHARES: Final = (55, 28, 12, 3, 2)


def moment_on(day: date, rng: Random) -> datetime:
    """Draw a moment of a day while business is open."""
    return datetime.combine(day, time(), UTC) + timedelta(seconds=rng.randrange(OPENS, CLOSES))


def new_id(moment: datetime, rng: Random) -> UUID:
    """Draw a UUID of version 7 for a moment: neighbours in time are neighbours in the index."""
    milliseconds = int(moment.timestamp() * 1000)
    bits = rng.getrandbits(74)
    return UUID(int=milliseconds << 80 | 7 << 76 | (bits >> 62) << 64 | 2 << 62 | bits & ((1 << 62) - 1))


class Story:
    """A loan with everything that was booked on it."""

    def __init__(self, loan: Loan, rng: Random) -> None:
        self.loan = loan
        self.rows: list[Installment] = []
        self.postings: list[Posting] = []
        self.channel = rng.choices(CHANNELS, CHANNEL_SHARES)[0]
        self._rng = rng
        self._first_unpaid = 0
        self._standing: list[Transaction] = []
        self._moment = loan.decided_at or loan.applied_at

    @property
    def unpaid(self) -> list[Installment]:
        """Give the installments that are not settled, oldest first."""
        return self.rows[self._first_unpaid :]

    def earliest(self, day: date) -> date:
        """Give the day, or the day of the last booking if that is later."""
        return max(day, self.loan.last_effective_on or day)

    def disburse(self, on: date, first_due_on: date) -> None:
        """Pay the loan out."""
        amount = self.loan.terms.principal.amount_minor
        self._book(disbursement.disburse(self.loan, amount, on, first_due_on, self._stamp(on)))

    def pay(self, amount_minor: int, on: date) -> None:
        """Book money from the borrower."""
        received = Received(Money(amount_minor, self.loan.currency), on, self.channel)
        self._book(repayment.repay(self.loan, self._reach(amount_minor), received, self._stamp(on)))

    def pay_off(self, on: date) -> None:
        """Pay what it costs to end the loan on that day."""
        self.pay(payoff.payoff(self.loan, self.unpaid, on).parts.amount_minor, on)

    def bounce(self, on: date) -> None:
        """Reverse the last payment that stands."""
        last = self._standing[-1]
        self._book(reversal.reverse(self.loan, self.rows, last, last.id, effective_on=on, stamp=self._stamp(on)))
        self._standing.pop()

    def assess_fee(self, amount_minor: int, on: date) -> None:
        """Add a fee to the oldest unpaid installment."""
        fee = Money(amount_minor, self.loan.currency)
        self._book(fees.assess_fee(self.loan, self.unpaid[:1], fee, on, self._stamp(on)))

    def waive_fee(self, amount_minor: int, on: date) -> None:
        """Forgive a fee."""
        fee = Money(amount_minor, self.loan.currency)
        self._book(fees.waive_fee(self.loan, self.unpaid, fee, on, self._stamp(on)))

    def charge_off(self, on: date) -> None:
        """Write the loan off."""
        self._book(charge_off.charge_off(self.loan, on, self._stamp(on)))

    def _reach(self, amount_minor: int) -> list[Installment]:
        """Give the unpaid installments as far as an amount can matter to them, which is what makes seeding quick.

        Where their principal alone is more than the amount, it is neither the payoff nor does it settle them all, so
        that those after them change nothing.
        """
        principal = 0
        for end, row in enumerate(self.unpaid, 1):
            principal += row.unpaid.principal_minor
            if principal > amount_minor and end > 1:
                return self.unpaid[:end]
        return self.unpaid

    def _stamp(self, on: date) -> Stamp:
        self._moment = max(self._moment + BETWEEN, moment_on(on, self._rng))
        return Stamp(new_id(self._moment, self._rng), self._moment, on)

    def _book(self, posting: Posting) -> None:
        self.loan = posting.loan
        if not self.rows:
            self.rows = list(posting.installments)
        for row in posting.installments:
            self.rows[row.n - 1] = row
        transaction = posting.transaction
        self.postings.append(posting)
        if transaction.kind in REVERSIBLE:
            self._standing.append(transaction)
        if transaction.reverses_id:
            self._first_unpaid = 0
        while self._first_unpaid < len(self.rows) and not self.rows[self._first_unpaid].unpaid.amount_minor:
            self._first_unpaid += 1
