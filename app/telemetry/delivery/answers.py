# SPDX-License-Identifier: Apache-2.0
"""The HTTP session of an OTLP exporter, which remembers how the last request was answered."""

from typing import Any, Final

import requests

# The protocol's statuses after which the same request may be sent again (OTLP 1.x, "Failures").
RETRYABLE: Final = frozenset({429, 502, 503, 504})


class AnswerSession(requests.Session):
    """A requests.Session for `OTLPSpanExporter(session=...)`, which itself tells success and failure only."""

    def __init__(self) -> None:
        super().__init__()
        self._sent = False
        self._status: int | None = None

    def forget(self) -> None:
        """Forget the last answer, before another export."""
        self._sent, self._status = False, None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401  # requests' own signature
        """Send, and remember the status."""
        self._sent, self._status = True, None
        response = super().send(request, **kwargs)
        self._status = response.status_code
        return response

    @property
    def retryable(self) -> bool:
        """Tell whether a failed export may be repeated: it was sent, and the answer is missing or temporary.

        What was never sent could not be encoded, and a repetition would fail in the same way for ever.
        """
        return self._sent and (self._status is None or self._status in RETRYABLE)
