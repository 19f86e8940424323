# SPDX-License-Identifier: Apache-2.0
"""The exceptions of requests for a worker that ended before it had answered."""

from typing import Final

import requests

UNANSWERED: Final = (
    requests.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
)  # the latter: after the headers
