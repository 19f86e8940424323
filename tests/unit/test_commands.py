# SPDX-License-Identifier: Apache-2.0
"""A command runs once per key, in one transaction, and again only after a serialization failure."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from app.domain.events import DomainEvent
from app.services.commands import ATTEMPTS, Commands
from app.services.events import IdempotencyKeyUsed, KeyOutcome, TransactionRetried
from app.services.ports import CommitUnknown, StorageUnavailable, Transactions, UnitOfWork
from app.services.replies import KeyedRequest, KeyInFlight, KeyReused, Reply, StoredReply

REQUEST = KeyedRequest("demo", "key", "fingerprint")
REPLY = Reply(201, "{}")


@dataclass
class Scripted:
    """A storage with a configured failure per attempt; None is an attempt that works."""

    failures: list[Exception | None] = field(default_factory=list)
    stored: StoredReply | None = None
    commits: int = 0
    begun: int = 0
    pauses: list[float] = field(default_factory=list)
    published: list[DomainEvent] = field(default_factory=list)
    completed: list[Reply] = field(default_factory=list)
    recorded: list[DomainEvent] = field(default_factory=list)
    read_only: int = 0

    @property
    def keys(self) -> "Scripted":
        return self

    @contextmanager
    def __call__(self) -> Iterator["Scripted"]:
        self.begun += 1
        yield self

    @contextmanager
    def snapshot(self) -> Iterator["Scripted"]:
        self.read_only += 1
        yield self

    def claim(self, request: KeyedRequest, at: datetime) -> StoredReply | None:
        assert (request, at.tzinfo) == (REQUEST, UTC)
        return self.stored

    def complete(self, _request: KeyedRequest, reply: Reply) -> None:
        self.completed.append(reply)

    def record(self, event: DomainEvent) -> None:
        self.recorded.append(event)

    def commit(self) -> None:
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        self.commits += 1

    def commands(self) -> Commands:
        def clock() -> datetime:
            return datetime(2026, 3, 1, tzinfo=UTC)

        return Commands(cast("Transactions", self), clock, self.published.append, self.pauses.append)


def work(_transaction: UnitOfWork) -> Reply:
    return REPLY


def test_a_first_request_does_the_work_and_keeps_the_answer() -> None:
    storage = Scripted()

    outcome = storage.commands().once(REQUEST, work)

    assert (outcome.reply, outcome.replayed, storage.completed, storage.commits) == (REPLY, False, [REPLY], 1)
    assert storage.recorded == [IdempotencyKeyUsed(KeyOutcome.FIRST)]
    assert storage.published == []


def test_the_same_request_gets_the_answer_again_and_does_nothing() -> None:
    storage = Scripted(stored=StoredReply("fingerprint", REPLY))

    outcome = storage.commands().once(REQUEST, lambda _: pytest.fail("done twice"))

    assert (outcome.reply, outcome.replayed, storage.commits) == (REPLY, True, 0)
    assert storage.published == [IdempotencyKeyUsed(KeyOutcome.REPLAYED)]


def test_another_request_with_the_key_is_refused() -> None:
    storage = Scripted(stored=StoredReply("other", REPLY))

    with pytest.raises(KeyReused):
        storage.commands().once(REQUEST, work)

    assert storage.published == [IdempotencyKeyUsed(KeyOutcome.MISMATCH)]


def test_a_request_that_waits_too_long_for_its_twin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Scripted()

    def wait(*_: Any) -> StoredReply | None:  # noqa: ANN401
        raise KeyInFlight

    monkeypatch.setattr(storage, "claim", wait)
    with pytest.raises(KeyInFlight):
        storage.commands().once(REQUEST, work)

    assert storage.published == [IdempotencyKeyUsed(KeyOutcome.IN_PROGRESS)]


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_what_the_database_undid_is_tried_again_in_a_new_transaction(sqlstate: str) -> None:
    storage = Scripted([StorageUnavailable(sqlstate), StorageUnavailable(sqlstate), None])

    storage.commands().once(REQUEST, work)

    assert (storage.begun, storage.commits) == (3, 1)
    assert storage.published == [TransactionRetried(sqlstate)] * 2
    assert len(storage.pauses) == 2
    assert all(0 <= pause <= 0.1 for pause in storage.pauses)


def test_it_gives_up_in_the_end() -> None:
    storage = Scripted([StorageUnavailable("40P01")] * ATTEMPTS)

    with pytest.raises(StorageUnavailable, match="40P01"):
        storage.commands().run(work)

    assert (storage.begun, len(storage.published)) == (ATTEMPTS, ATTEMPTS - 1)


@pytest.mark.parametrize("failure", [StorageUnavailable("57014"), CommitUnknown("40001"), ValueError("a mistake")])
def test_what_may_be_true_already_or_would_fail_again_is_not_tried_again(failure: Exception) -> None:
    storage = Scripted([failure])

    with pytest.raises(type(failure)):
        storage.commands().run(work)

    assert storage.begun == 1


def test_reading_commits_nothing() -> None:
    storage = Scripted()

    assert storage.commands().read(lambda _: 5) == 5
    assert storage.commands().read_as_of_one_moment(lambda _: 6) == 6
    assert (storage.begun, storage.read_only, storage.commits) == (1, 1, 0)
