# SPDX-License-Identifier: Apache-2.0
"""Exports batches of encoded spans by OTLP over HTTP, configured by the SDK's variables."""

import gzip
import logging
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

import requests
from opentelemetry.exporter.otlp.proto.http.version import __version__ as exporter_version
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.util.re import parse_env_headers

from app.telemetry import redaction, semconv
from app.telemetry.delivery.answers import RETRYABLE
from app.telemetry.log_sinks import OncePerMinute
from app.telemetry.switch_interval import short_switch_interval
from app.telemetry_light.encoding import RequestEncoder

PREFIX: Final = "OTEL_EXPORTER_OTLP_"
# gzip level 1 takes half the time of the default level, and reduces a batch to a tenth; the default to a twelfth.
COMPRESS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gzip": lambda body: gzip.compress(body, 1, mtime=0),
    "deflate": lambda body: zlib.compress(body, 1),
}

_logger = logging.getLogger(__name__)


class Answer(Enum):
    """The result of exporting a batch."""

    DELIVERED = auto()
    REJECTED = auto()
    RETRYABLE = auto()


def variable(name: str) -> str:
    """Read a variable of the exporter: the one for traces, else the one for all signals."""
    return os.environ.get(f"{PREFIX}TRACES_{name}") or os.environ.get(PREFIX + name) or ""


class CollectorDelivery:
    """Sends over one connection, and logs failures once a minute."""

    def __init__(self, encoder: RequestEncoder) -> None:
        self._encoder = encoder
        own = os.environ.get(f"{PREFIX}TRACES_ENDPOINT")
        self._endpoint = own or os.environ[f"{PREFIX}ENDPOINT"].removesuffix("/") + "/v1/traces"
        self._timeout = float(variable("TIMEOUT"))
        self._headers = {
            "content-type": "application/x-protobuf",
            "user-agent": f"OTel-OTLP-Exporter-Python/{exporter_version}",  # as the exporter of metrics
            **parse_env_headers(variable("HEADERS"), liberal=True),
        }
        compression = variable("COMPRESSION").lower()
        self._compress = COMPRESS.get(compression)
        if self._compress:
            self._headers["content-encoding"] = compression
        self._session = requests.Session()
        self._session.verify = variable("CERTIFICATE") or True
        if certificate := variable("CLIENT_CERTIFICATE"):
            key = variable("CLIENT_KEY")
            self._session.cert = (certificate, key) if key else certificate
        self._failure_limit = OncePerMinute()

    def __call__(self, spans: Sequence[bytes]) -> Answer:
        """Send a batch."""
        body = self._encoder.encode(spans)
        try:
            with short_switch_interval(), suppress_instrumentation():
                data = self._compress(body) if self._compress else body
                answer = self._session.post(
                    self._endpoint, data=data, headers=self._headers, timeout=self._timeout, allow_redirects=False
                )
        except Exception as error:  # noqa: BLE001  # requests may raise other libraries' errors; the queue must go on
            self._log_failure(redaction.error_type(error))
            return Answer.RETRYABLE
        if answer.status_code < HTTPStatus.MULTIPLE_CHOICES:  # a redirect, to a login or to https, delivers nothing
            return Answer.DELIVERED
        self._log_failure(str(answer.status_code))
        return Answer.RETRYABLE if answer.status_code in RETRYABLE else Answer.REJECTED

    def _log_failure(self, error_type: str) -> None:
        if self._failure_limit.allows():
            fields = {"signal": "traces", semconv.ERROR_TYPE: error_type}
            _logger.error(semconv.EVENT_TELEMETRY_EXPORT_FAILING, extra=fields)
