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
from app.telemetry.spans.record import SpanRecord

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
        self._url = endpoint.rstrip("/") + "/v1/traces"
        # The exporters' own library, requests, builds several objects around each of these.
        self._pool = urllib3.PoolManager(maxsize=1, retries=False, timeout=timeout_seconds)
        self._complaints = OncePerMinute()

    def __call__(self, spans: Sequence[SpanRecord]) -> Answer:
        """Send a batch; it is refused if the collector says so, or if it can't be written at all."""
        try:
            body = gzip.compress(self._encoder.encode(spans), COMPRESSION, mtime=0)
        except Exception as error:  # noqa: BLE001  # whatever a span is made of: it must not stop those after it
            self._complain(redaction.error_type(error))
            return Answer.REFUSED
        try:
            status = self._pool.request("POST", self._url, body=body, headers=HEADERS).status
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
