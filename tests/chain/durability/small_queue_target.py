# SPDX-License-Identifier: Apache-2.0
"""The service whose workers keep only 100 spans for a collector that is away."""

import os

os.environ |= {"OTEL_BSP_MAX_QUEUE_SIZE": "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "50"}

from app.wsgi import app  # it builds its queue when it is imported

__all__ = ["app"]
