# SPDX-License-Identifier: Apache-2.0
"""Facts are published whoever listens: a listener's failure does not undo them."""

import logging

from app.domain.events import DomainEvent
from app.services.ports import EventSink

_logger = logging.getLogger(__name__)


def safely(publish: EventSink) -> EventSink:
    """Give a sink that logs what a listener raises and goes on."""

    def sink(event: DomainEvent) -> None:
        try:
            publish(event)
        except Exception:
            _logger.exception("event_listener_failed")

    return sink
