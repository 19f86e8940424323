# SPDX-License-Identifier: Apache-2.0
"""The same service under different telemetry; each module has `create`, for Gunicorn, and `flush`."""

from typing import Final

# In the order of the page.
TITLES: Final = {
    "bare": "bare: no telemetry at all",
    "ours": "the service as it is",
    "classic": "classic: Prometheus histogram and JSON line, no traces",
    "stock": "default OpenTelemetry: both instrumentors, two metric readers, JSON line",
}
