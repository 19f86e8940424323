# SPDX-License-Identifier: Apache-2.0
"""The HTTP session of an OTLP exporter, which keeps the status of the last response."""

from typing import Any, Final

import requests

# The protocol's statuses after which the same request may be sent again (OTLP 1.x, "Failures").
RETRYABLE: Final = frozenset({429, 502, 503, 504})


class AnswerSession(requests.Session):
    """A requests.Session for `OTLPSpanExporter(session=...)`, whose own result is only SUCCESS or FAILURE."""

    def __init__(self) -> None:
        super().__init__()
        self._sent = False
        self._status: int | None = None

    def forget(self) -> None:
        """Clear the status before another export."""
        self._sent, self._status = False, None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401  # requests' own signature
        """Send, and keep the status."""
        self._sent, self._status = True, None
        response = super().send(request, **kwargs)
        self._status = response.status_code
        return response

    @property
    def sent(self) -> bool:
        """Tell whether the last export left the process: what cannot be encoded does not."""
        return self._sent

    @property
    def retryable(self) -> bool:
        """Return whether a failed export may be repeated: it was sent, and the answer is missing or temporary.

        A batch that was not sent could not be encoded, and would fail in the same way each time.
        """
        return self.sent and (self._status is None or self._status in RETRYABLE)
