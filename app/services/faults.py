# SPDX-License-Identifier: Apache-2.0
"""Faults on request: which there are, their limits, and how one begins and ends; FAULTS=true installs them."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from app.domain.errors import Conflict, Fault, Invalid, NotFound

LONGEST_SECONDS: Final = 3600  # a fault that is forgotten ends within the hour
_logger = logging.getLogger(__name__)
_meter: Final = metrics.get_meter(__name__)
_observed: Final[list["FaultBoard"]] = []  # at most one, that of the process


class FaultKind(StrEnum):
    """What can be made to fail."""

    LATENCY = "latency"
    ERRORS = "errors"
    EXCEPTIONS = "exceptions"
    SLOW_SQL = "slow_sql"
    FAILING_SQL = "failing_sql"
    POOL_HELD = "pool_held"
    MEMORY = "memory"
    CPU = "cpu"
    LOG_FLOOD = "log_flood"
    PERSONAL_DATA = "personal_data"
    TELEMETRY_LOST = "telemetry_lost"
    APPROVALS_REJECTED = "approvals_rejected"
    REPAYMENTS_FAILING = "repayments_failing"


@dataclass(frozen=True)
class Amount:
    """How strong a fault may be made, in its unit; each worker has its own."""

    unit: str
    usual: float
    most: float


# The limits keep a fault from taking the machine with it.
AMOUNTS: Final = {
    FaultKind.LATENCY: Amount("seconds", 1.0, 5.0),  # Nginx gives up after 10 s, which is another fault
    FaultKind.SLOW_SQL: Amount("seconds", 0.5, 5.0),  # beyond 3 s PostgreSQL's statement_timeout ends the statement
    FaultKind.POOL_HELD: Amount("connections", 64, 64),  # at most what the pool has, and API_THREADS is 64 at most
    FaultKind.MEMORY: Amount("MiB", 64, 256),
    FaultKind.LOG_FLOOD: Amount("lines a second", 50, 500),  # a line has 300 bytes: 150 kB a second at most
    FaultKind.TELEMETRY_LOST: Amount("spans a second", 10_000, 20_000),  # the SDK's queue has 2048 places
}
# What happens to single requests or statements can happen to a part of them.
SHARED: Final = frozenset(
    {
        FaultKind.LATENCY,
        FaultKind.ERRORS,
        FaultKind.EXCEPTIONS,
        FaultKind.SLOW_SQL,
        FaultKind.FAILING_SQL,
        FaultKind.APPROVALS_REJECTED,
        FaultKind.REPAYMENTS_FAILING,
    }
)


@dataclass(frozen=True)
class RunningFault:
    """A fault that runs: the share of requests or statements that it hits, and its strength in its kind's unit."""

    kind: FaultKind
    share: float
    amount: float
    seconds_left: float


class FaultBoard(Protocol):
    """Keeps the running faults where every worker sees them."""

    def running(self) -> list[RunningFault]:
        """List what runs now, in the order of the kinds."""
        ...

    def find(self, kind: FaultKind) -> RunningFault | None:
        """Return a running fault, None when it does not run; cheap, as each request asks."""
        ...

    def begin(self, fault: RunningFault) -> bool:
        """Begin a fault; False when one of its kind runs already."""
        ...

    def end(self, kind: FaultKind) -> bool:
        """End a fault; False when it does not run."""
        ...

    def expired(self) -> list[FaultKind]:
        """Remove the faults whose time is over; each is returned to one caller of all workers."""
        ...


@dataclass(frozen=True)
class Faults:
    """Begins, lists and ends faults, and writes a line for each begin and end."""

    board: FaultBoard

    def begin(
        self, kind: FaultKind, lasts_seconds: float, share: float | None, amount: float | None, key_id: str
    ) -> RunningFault:
        """Begin a fault in all workers; raise Invalid for a strength that it can't have, Conflict while it runs."""
        self.log_expired()
        fault = RunningFault(kind, _share(kind, share), _amount(kind, amount), lasts_seconds)
        if not self.board.begin(fault):
            raise Conflict("fault_running", "A fault of this kind runs already; end it first.")
        extra = {"loan.fault.kind": kind.value, "loan.fault.seconds": lasts_seconds, "auth.key_id": key_id}
        _logger.warning("fault_started", extra=extra)
        return fault

    def running(self) -> list[RunningFault]:
        """List what runs now."""
        return self.board.running()

    def end(self, kind: FaultKind, key_id: str) -> None:
        """End a fault in all workers; raise NotFound when it does not run."""
        if not self.board.end(kind):
            raise NotFound("fault_not_running", "No fault of this kind runs.")
        _log_end(kind, "deleted", {"auth.key_id": key_id})

    def log_expired(self) -> None:
        """Write a line for each fault whose time is over."""
        for kind in self.board.expired():
            _log_end(kind, "expired", {})


def observe_faults(board: FaultBoard) -> None:
    """Report each kind of fault on a board, instead of the board before: 1 while it runs, else 0."""
    first = not _observed
    _observed[:] = [board]
    if first:  # a process has one instrument of a name
        _meter.create_observable_gauge(
            "loan.faults.active", [_active], "{fault}", "Faults on request that run now; every worker reports the same."
        )


def _active(_options: CallbackOptions) -> Iterable[Observation]:
    running = {fault.kind for board in _observed for fault in board.running()}
    return [Observation(int(kind in running), {"loan.fault.kind": kind.value}) for kind in FaultKind]


def _log_end(kind: FaultKind, cause: str, more: dict[str, str]) -> None:
    _logger.warning("fault_ended", extra={"loan.fault.kind": kind.value, "loan.fault.end": cause, **more})


def _share(kind: FaultKind, share: float | None) -> float:
    if share is None:
        return 1.0
    if kind not in SHARED:
        raise _invalid("share", f"This fault hits a whole worker; only {', '.join(sorted(SHARED))} have a share.")
    if not 0 < share <= 1:
        raise _invalid("share", "More than 0 and at most 1 is expected.")
    return share


def _amount(kind: FaultKind, amount: float | None) -> float:
    limit = AMOUNTS.get(kind)
    if limit is None:
        if amount is not None:
            raise _invalid("amount", f"This fault has no amount; only {', '.join(sorted(AMOUNTS))} have one.")
        return 0.0
    if amount is None:
        return limit.usual
    if not 0 < amount <= limit.most:
        raise _invalid("amount", f"More than 0 and at most {limit.most:g} {limit.unit} are expected.")
    return amount


def _invalid(field: str, message: str) -> Invalid:
    return Invalid("invalid_fault", "No fault can be like this.", Fault(field, "invalid_value", message))
