# SPDX-License-Identifier: Apache-2.0
"""The service whose queue of spans has no bound."""

import os

os.environ["OTEL_BSP_MAX_QUEUE_SIZE"] = str(10**9)

from app.wsgi import app  # it builds its queue when it is imported

__all__ = ["app"]
