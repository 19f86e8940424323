# SPDX-License-Identifier: Apache-2.0
"""Tells what a worker took with it: silence about a loss is the one thing that telemetry must not do."""

import logging
from pathlib import Path

from app.telemetry import semconv
from app.telemetry.ledger import Loss, read_loss

_logger = logging.getLogger(__name__)


def report(slot: int, loss: Loss) -> None:
    """Write a line about a worker's loss, if there is any."""
    if any(loss):
        _logger.warning(semconv.EVENT_TELEMETRY_LOST, extra={"worker": slot, **loss._asdict()})


def report_of_dead(slot: int, ledger: Path) -> None:
    """Report what a worker that had no time to do so has left in its ledger, and remove that."""
    loss = read_loss(ledger)
    if loss:
        report(slot, loss)
    ledger.unlink(missing_ok=True)
