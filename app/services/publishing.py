# SPDX-License-Identifier: Apache-2.0
"""Publishes events: a listener's failure does not undo them."""

import logging

from app.domain.events import DomainEvent
from app.services.ports import EventSink

_logger = logging.getLogger(__name__)


def safely(publish: EventSink) -> EventSink:
    """Return a sink that logs and suppresses a listener's exception."""

    def sink(event: DomainEvent) -> None:
        try:
            publish(event)
        except Exception:
            _logger.exception("event_listener_failed")

    return sink
