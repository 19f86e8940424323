# SPDX-License-Identifier: Apache-2.0
"""Schedules checks of the ledger, chooses their range, and logs violations."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from psycopg2.extensions import connection

from app.services.portfolio import LedgerCheck

_logger = logging.getLogger(__name__)

CHECK_SECONDS: Final = 60.0
# What was changed past the service leaves no booking behind it: only looking at everything finds it.
FULL_CHECK_SECONDS: Final = 3600.0
# Longer than any transaction of the service: its booking may be stamped before a check and committed after it.
OVERLAP: Final = timedelta(minutes=1)


class Reconcile(Protocol):
    """Compares the ledger with the loans."""

    def __call__(self, session: connection, since: datetime | None = None, /) -> LedgerCheck:
        """Check what was booked since a moment, or everything."""
        ...


@dataclass
class LedgerChecks:
    """Checks what is new; at first, every hour, and as long as something is wrong, everything."""

    reconcile: Reconcile
    every_seconds: float
    last: LedgerCheck | None = None
    _checked_at: datetime | None = None
    _next: float = 0.0
    _next_full: float = 0.0

    def due(self) -> bool:
        """Return whether a check is due."""
        return time.monotonic() >= self._next

    def run(self, session: connection) -> None:
        """Check; a failure leaves no result behind, as the old one might be wrong by now."""
        before, self.last = self.last, None
        began, now = time.monotonic(), datetime.now(UTC)
        self._next = began + self.every_seconds
        since = None if began >= self._next_full or not _clean(before) else self._checked_at
        self.last = self.reconcile(session, None if since is None else since - OVERLAP)
        if since is None:
            self._next_full = began + FULL_CHECK_SECONDS
        self._checked_at = now
        _announce(before, self.last)


def _clean(check: LedgerCheck | None) -> bool:
    return check is not None and not any(check.violations.values()) and not any(check.imbalance_minor.values())


def _announce(before: LedgerCheck | None, found: LedgerCheck) -> None:
    """Log each newly violated invariant once; while it stays violated, the gauge shows it."""
    known = {code for code, count in before.violations.items() if count} if before else set()
    for code, count in found.violations.items():
        if count and code not in known:
            _logger.error("ledger_invariant_violated", extra={"loan.invariant": code})
