# SPDX-License-Identifier: Apache-2.0
"""Runs commands: once per idempotency key, in one transaction, repeated after a serialization failure."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from app.services.events import IdempotencyKeyUsed, KeyOutcome, TransactionRetried
from app.services.ports import Clock, CommitUnknown, EventSink, StorageUnavailable, Transactions, UnitOfWork
from app.services.replies import KeyedRequest, KeyInFlight, KeyReused, Reply

Result = TypeVar("Result")

# Serialization failure and deadlock: the database rolled everything back, and a retry may succeed.
RETRIED_SQLSTATES: Final = frozenset({"40001", "40P01"})
ATTEMPTS: Final = 4  # one and three retries; a fourth failure has a cause that waiting does not remove
LONGEST_PAUSE_SECONDS: Final = 0.05  # of the first retry; two that collided must not meet again


@dataclass(frozen=True)
class Outcome:
    """An answer, and whether it is an earlier request's."""

    reply: Reply
    replayed: bool


@dataclass(frozen=True)
class Commands:
    """What running a command needs from outside."""

    transactions: Transactions
    clock: Clock
    publish: EventSink
    sleep: Callable[[float], None] = time.sleep

    def once(self, request: KeyedRequest, work: Callable[[UnitOfWork], Reply]) -> Outcome:
        """Do the work of a keyed request, or give the answer that it got before; raise KeyReused or KeyInFlight.

        A refused request keeps nothing, so the same key may be tried again.
        """
        try:
            outcome = self._retried(lambda: self._once(request, work))
        except KeyReused:
            self.publish(IdempotencyKeyUsed(KeyOutcome.MISMATCH))
            raise
        except KeyInFlight:
            self.publish(IdempotencyKeyUsed(KeyOutcome.IN_PROGRESS))
            raise
        if outcome.replayed:
            self.publish(IdempotencyKeyUsed(KeyOutcome.REPLAYED))
        return outcome

    def run(self, work: Callable[[UnitOfWork], Result]) -> Result:
        """Do work that needs no key, as it names the version that it changes."""

        def attempt() -> Result:
            with self.transactions() as transaction:
                result = work(transaction)
                transaction.commit()
            return result

        return self._retried(attempt)

    def read(self, work: Callable[[UnitOfWork], Result]) -> Result:
        """Read with one statement, which sees one moment by itself."""
        with self.transactions() as transaction:
            return work(transaction)

    def read_as_of_one_moment(self, work: Callable[[UnitOfWork], Result]) -> Result:
        """Read with several statements that must agree with each other."""
        with self.transactions.snapshot() as transaction:
            return work(transaction)

    def _once(self, request: KeyedRequest, work: Callable[[UnitOfWork], Reply]) -> Outcome:
        with self.transactions() as transaction:
            stored = transaction.keys.claim(request, self.clock())
            if stored is not None:
                if stored.fingerprint != request.fingerprint:
                    raise KeyReused
                return Outcome(stored.reply, replayed=True)
            reply = work(transaction)
            transaction.keys.complete(request, reply)
            transaction.record(IdempotencyKeyUsed(KeyOutcome.FIRST))
            transaction.commit()
        return Outcome(reply, replayed=False)

    def _retried(self, attempt: Callable[[], Result]) -> Result:
        for tries in range(1, ATTEMPTS):
            try:
                return attempt()
            except CommitUnknown:
                raise
            except StorageUnavailable as error:
                if error.reason not in RETRIED_SQLSTATES:
                    raise
                self.publish(TransactionRetried(error.reason))
                self.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS * tries))  # noqa: S311  # spreads, hides nothing
        return attempt()
