# SPDX-License-Identifier: Apache-2.0
"""What people hand to each other: a loan lies on one pile or in one person's hands, never in two."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from loadtest.account import Account

# What nobody gets to is forgotten: a person's memory, and this process', has an end.
PILE = 500


class Client(NamedTuple):
    """A registered borrower."""

    id: str
    email: str


def _pile() -> Any:  # noqa: ANN401  # a deque of whatever the field says
    return deque(maxlen=PILE)


@dataclass
class Desk:
    """The piles of one process of Locust; several processes have one each."""

    clients: deque[Client] = field(default_factory=_pile)
    submitted: deque[dict[str, Any]] = field(default_factory=_pile)
    running: deque[Account] = field(default_factory=_pile)
    late: deque[Account] = field(default_factory=_pile)

    def any_client(self) -> Client | None:
        """Give somebody, who stays known."""
        return random.choice(self.clients) if self.clients else None


DESK = Desk()
