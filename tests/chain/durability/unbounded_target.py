# SPDX-License-Identifier: Apache-2.0
"""The service whose queue of spans has no bound."""

from app.telemetry.spans import queue

queue.CAPACITY = 10**9  # type: ignore[misc]  # the mutant of a constant

from app.wsgi import app  # noqa: E402  # it builds its queue when it is imported

__all__ = ["app"]
