# SPDX-License-Identifier: Apache-2.0
"""Watches the whole portfolio in one process: the holder of an advisory lock reads, the others wait for the lock."""

import logging
import threading
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ, connection

from app.database_url import connection_arguments
from app.domain.delinquency import FIRST_DAYS, Bucket
from app.domain.money import Currency
from app.services.portfolio import Holding, PortfolioSink, PortfolioSnapshot
from app.storage.database import connect_arguments
from app.storage.ledger_checks import CHECK_SECONDS, LedgerChecks, Reconcile
from app.storage.waiting import BoundedConnection

_logger = logging.getLogger(__name__)

# Any constant will do that is not the migrations'; this one is "book" in ASCII.
LOCK_KEY: Final = 0x626F6F6B
READ_SECONDS: Final = 15.0  # three exports: what is shown is never much older than a graph's step
STATEMENT_SECONDS: Final = 30  # reading every loan takes longer than a request may; no request waits for it
STOP_SECONDS: Final = 0.5  # a stop does not wait for a statement that is under way

LATENESS: Final = "".join(
    f" WHEN current_date - next_due_on >= {first} THEN '{bucket}'"
    for bucket, first in sorted(FIRST_DAYS.items(), key=lambda each: each[1], reverse=True)
)
# A loan without an unpaid installment is not late; `current_date` is the session's, which is in UTC.
HOLDINGS: Final = f"""
    SELECT currency, CASE{LATENESS} ELSE '{Bucket.CURRENT}' END, count(*), sum(outstanding_principal_minor)
    FROM loan WHERE status = 'active' GROUP BY 1, 2
"""  # noqa: S608  # made of our own constants


class PatientConnection(BoundedConnection):
    """A connection whose statements may take longer than a request's."""

    answer_seconds = STATEMENT_SECONDS + 1.0


class PortfolioWatch:
    """A thread that hands snapshots to a sink while it holds the lock, and None once it does not."""

    def __init__(
        self,
        database_url: str,
        sink: PortfolioSink,
        reconcile: Reconcile,
        every_seconds: float = READ_SECONDS,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._place = connection_arguments(database_url)
        self._sink = sink
        self._reconcile = reconcile
        self._every_seconds = every_seconds
        self._check_seconds = check_seconds
        self._stopping = threading.Event()
        self._troubles: dict[str, str] = {}  # the last error of each part, so that it is logged once
        self._thread = threading.Thread(target=self._run, name="portfolio-watch", daemon=True)

    def start(self) -> None:
        """Begin in the background; to be called in the process that serves, as threads don't survive a fork."""
        self._thread.start()

    def stop(self) -> None:
        """Cease, and leave a statement behind that is still under way."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._round()
            except Exception as error:  # noqa: BLE001  # whatever it is, the next round may succeed
                self._log_failure("watch", error)
            self._stopping.wait(self._every_seconds)

    def _round(self) -> None:
        # A connection only while leading, and for the moment of asking: one more per worker would be a lot.
        with closing(_connect(self._place)) as session:
            if _locked(session):
                try:
                    self._lead(session)
                finally:
                    self._sink(None)

    def _lead(self, session: connection) -> None:
        checks = LedgerChecks(self._reconcile, self._check_seconds)
        while not self._stopping.is_set():
            holdings = _read(session)
            self._troubles.pop("watch", None)
            self._sink(PortfolioSnapshot(holdings, checks.last))
            if checks.due():
                self._check(checks, session)
                self._sink(PortfolioSnapshot(holdings, checks.last))
            self._stopping.wait(self._every_seconds)

    def _check(self, checks: LedgerChecks, session: connection) -> None:
        try:
            checks.run(session)
            self._troubles.pop("check", None)
        except Exception as error:  # noqa: BLE001  # the portfolio is still worth reading
            self._log_failure("check", error)
        session.rollback()  # ends the snapshot that it read; a lost connection ends the leadership here

    def _log_failure(self, part: str, error: Exception) -> None:
        kind = getattr(error, "pgcode", None) or type(error).__name__
        if self._troubles.get(part) != kind:
            _logger.warning("portfolio_watch_failed", extra={"error.type": kind})
        self._troubles[part] = kind


def _connect(place: Mapping[str, Any]) -> connection:
    limits = connect_arguments()
    limits["options"] += f" -c statement_timeout={STATEMENT_SECONDS * 1000}"
    ours = {"application_name": "loan-service-portfolio", "connection_factory": PatientConnection}
    session: connection = psycopg2.connect(**{**place, **limits, **ours})
    # One moment for all statements of a check: between two of them, a booking would look like a violation.
    session.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
    return session


def _locked(session: connection) -> bool:
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,))
        [(held,)] = cursor.fetchall()
    session.rollback()  # the lock is the session's
    return bool(held)


def _read(session: connection) -> Mapping[tuple[Currency, Bucket], Holding]:
    with session.cursor() as cursor:
        cursor.execute(HOLDINGS)
        rows = cursor.fetchall()
    session.rollback()
    return {
        (Currency(currency), Bucket(bucket)): Holding(loans, int(outstanding))
        for currency, bucket, loans, outstanding in rows
    }
