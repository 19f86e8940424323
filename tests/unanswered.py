# SPDX-License-Identifier: Apache-2.0
"""How requests tells that a worker was gone before it had answered."""

from typing import Final

import requests

UNANSWERED: Final = (
    requests.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
)  # the latter: after the headers
