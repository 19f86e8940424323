# SPDX-License-Identifier: Apache-2.0
"""Logs the data that was lost when a worker exited."""

import logging
from pathlib import Path

from app.telemetry import semconv
from app.telemetry.delivery.accounting import Loss, read_loss

_logger = logging.getLogger(__name__)


def report(slot: int, loss: Loss) -> None:
    """Log a worker's loss, if there is any."""
    if any(loss):
        _logger.warning(semconv.EVENT_TELEMETRY_LOST, extra={"worker": slot, **loss._asdict()})


def report_of_dead(slot: int, path: Path) -> None:
    """Report the loss of a killed worker from its accounting file, and remove the file."""
    loss = read_loss(path)
    if loss:
        report(slot, loss)
    path.unlink(missing_ok=True)
