# SPDX-License-Identifier: Apache-2.0
"""The service whose workers keep only 100 spans for a collector that is away."""

from app.telemetry.spans import queue

queue.CAPACITY = 100  # type: ignore[misc]  # the mutant of a constant

from app.wsgi import app  # noqa: E402  # it builds its queue when it is imported

__all__ = ["app"]
