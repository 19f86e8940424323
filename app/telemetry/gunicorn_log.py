# SPDX-License-Identifier: Apache-2.0
"""Gunicorn's log records as JSON lines."""

import logging

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from app.telemetry import semconv

EVENTS = {
    "Invalid request from ip=": semconv.EVENT_REQUEST_REFUSED,
    "Error handling request": semconv.EVENT_REQUEST_FAILED,
}


class GunicornLog(Logger):  # type: ignore[misc]  # Gunicorn has no types
    """Gunicorn's logger without handlers of its own: records go to the root logger, whose sinks write JSON."""

    def setup(self, cfg: object) -> None:
        """Apply the configuration; propagate all records to the root logger."""
        super().setup(cfg)
        self.error_log.filters = [NoClientData()]
        self.error_log.propagate = True


class NoClientData(logging.Filter):
    """Removes the client's address and request line from Gunicorn's messages about a request.

    A client that stalls is not an error of the service: its record has no level ERROR and no stack trace.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record; replace the message of some."""
        for words, event in EVENTS.items():
            if str(record.msg).startswith(words):
                record.msg, record.args = event, ()
        if record.exc_info and isinstance(record.exc_info[1], BlockingIOError):  # the end of READ_SECONDS
            record.msg, record.args, record.exc_info = semconv.EVENT_REQUEST_REFUSED, (), None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
