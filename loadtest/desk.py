# SPDX-License-Identifier: Apache-2.0
"""Queues between the users: a loan is in one queue or with one user, never in two places."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from loadtest.account import Account

# Bounded: old entries that no user has taken are dropped.
PILE = 500


class Client(NamedTuple):
    """A registered borrower."""

    id: str
    email: str


def _pile() -> Any:  # noqa: ANN401  # a deque of the field's type
    return deque(maxlen=PILE)


@dataclass
class Desk:
    """The piles of one process of Locust; several processes have one each."""

    clients: deque[Client] = field(default_factory=_pile)
    submitted: deque[dict[str, Any]] = field(default_factory=_pile)
    running: deque[Account] = field(default_factory=_pile)
    late: deque[Account] = field(default_factory=_pile)

    def any_client(self) -> Client | None:
        """Return a borrower, who stays in the list."""
        return random.choice(self.clients) if self.clients else None


DESK = Desk()
