# SPDX-License-Identifier: Apache-2.0
"""Takes batches of spans to the collector, by OTLP over HTTP."""

import gzip
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import urllib3

from app.telemetry import redaction, semconv
from app.telemetry.log_sinks import OncePerMinute
from app.telemetry.spans.encoding import RequestEncoder
from app.telemetry.spans.queue import Answer

HEADERS: Final = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
# The least effort: a batch shrinks to a tenth by it, and to a twelfth by the default, which takes twice the time.
COMPRESSION: Final = 1
# The protocol's list of answers after which the same request may be sent again (OTLP 1.x, "Failures").
AGAIN: Final = frozenset({429, 502, 503, 504})

_logger = logging.getLogger(__name__)


class CollectorDelivery:
    """Sends to one collector over one connection, and complains once a minute while that fails."""

    def __init__(self, encoder: RequestEncoder, endpoint: str, timeout_seconds: float) -> None:
        self._encoder = encoder
        url = urllib3.util.parse_url(endpoint.rstrip("/") + "/v1/traces")
        self._path = url.request_uri
        # One step above the bare connection: each further one, to the exporters' own library, requests, adds a tenth of
        # a millisecond in which others wait for the interpreter.
        self._pool = urllib3.connection_from_url(url.url, maxsize=1, timeout=timeout_seconds)
        self._complaints = OncePerMinute()

    def __call__(self, spans: Sequence[bytes]) -> Answer:
        """Send a batch of spans that are written."""
        body = gzip.compress(self._encoder.encode(spans), COMPRESSION, mtime=0)
        try:
            status = self._pool.urlopen("POST", self._path, body, HEADERS, retries=False).status
        except Exception as error:  # noqa: BLE001  # not all that can go wrong is urllib3's own, and the queue must go on
            self._complain(redaction.error_type(error))
            return Answer.NONE
        if status == HTTPStatus.OK:
            return Answer.DELIVERED
        self._complain(str(status))
        return Answer.NONE if status in AGAIN else Answer.REFUSED

    def _complain(self, error_type: str) -> None:
        if self._complaints.allows():
            fields = {"signal": "traces", semconv.ERROR_TYPE: error_type}
            _logger.error(semconv.EVENT_TELEMETRY_EXPORT_FAILING, extra=fields)
