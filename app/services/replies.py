# SPDX-License-Identifier: Apache-2.0
"""Answers that are kept, so that the same request gets the same answer again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True)
class KeyedRequest:
    """A request with an idempotency key; equal fingerprints mean the same request."""

    client_id: str
    key: str = field(repr=False)
    fingerprint: str = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """A sent answer; `borrower_id` is set if it contains that borrower's personal data."""

    status: int
    body: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    borrower_id: UUID | None = None


@dataclass(frozen=True)
class StoredReply:
    """What is kept under a key."""

    fingerprint: str = field(repr=False)
    reply: Reply


class KeyInFlight(Exception):  # noqa: N818  # a state, not a mistake
    """Another request with the same key is still at work."""


class KeyReused(Exception):  # noqa: N818  # a state, not a mistake
    """The key belongs to another request."""
