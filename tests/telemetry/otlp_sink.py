# SPDX-License-Identifier: Apache-2.0
"""An OTLP/HTTP server on loopback that keeps each export request, decoded by the protocol's own message classes."""

import gzip
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stack.polling import poll
from stack.ports import HOST
from tests.telemetry.spans_seen import SpanSeen, attributes, decoded

__all__ = ["Sink", "attributes", "serving_otlp"]

# An export follows within 0.1 s in these tests; the rest is for a machine whose cores are busy elsewhere.
ARRIVAL_SECONDS = 30.0
TRACES: Final = "/v1/traces"
METRICS: Final = "/v1/metrics"
LOGS: Final = "/v1/logs"
DECODERS: Final[Mapping[str | None, Callable[[bytes], bytes]]] = {
    None: bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}


@dataclass(frozen=True)
class Export:
    """One export request: where it came in, its header fields with lower-case names, and its decoded body."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    sent_bytes: int  # of the body as it came, compressed or not
    status: int


@dataclass(frozen=True)
class Scoped:
    """What a span or a metric arrives in: the resource's attributes, its instrumentation scope and schema URL."""

    resource: Mapping[str, Any]
    scope: InstrumentationScope
    schema_url: str


@dataclass(frozen=True)
class SpanReceived(Scoped):
    """A span with what it arrives in."""

    span: Span

    @property
    def attributes(self) -> dict[str, Any]:
        """The span's attributes as Python values."""
        return attributes(self.span.attributes)


@dataclass(frozen=True)
class MetricReceived(Scoped):
    """A metric with what it arrives in."""

    metric: Metric

    @property
    def points(self) -> list[Any]:
        """The data points of whichever kind of metric this is."""
        return list(getattr(self.metric, self.metric.WhichOneof("data") or "gauge").data_points)


@dataclass
class Sink:
    """Keeps export requests, and answers with a status: 401 to those that lack the required header fields."""

    endpoint: str = ""
    required: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    pause_seconds: float = 0.0  # before each answer
    exports: list[Export] = field(default_factory=list)

    def take(self, path: str, headers: Mapping[str, str], raw: bytes) -> int:
        """Keep an export request and return the HTTP status that answers it."""
        time.sleep(self.pause_seconds)
        missing = [name for name, value in self.required.items() if headers.get(name) != value]
        status = 401 if missing else self.status
        body = DECODERS[headers.get("content-encoding")](raw)
        self.exports.append(Export(path, headers, body, len(raw), status))
        return status

    def sent(self, path: str) -> list[Export]:
        """Return the requests to a path, however they were answered."""
        return [export for export in list(self.exports) if export.path == path]

    def accepted(self, path: str) -> list[Export]:
        """Return the requests to a path that were answered 200."""
        return [export for export in self.sent(path) if export.status == 200]

    def spans(self) -> list[SpanReceived]:
        """Return all spans, oldest first."""
        return [
            SpanReceived(attributes(batch.resource.attributes), scoped.scope, scoped.schema_url, span)
            for export in self.accepted(TRACES)
            for batch in ExportTraceServiceRequest.FromString(export.body).resource_spans
            for scoped in batch.scope_spans
            for span in scoped.spans
        ]

    def finished_spans(self) -> list[SpanSeen]:
        """Return all spans, oldest first, in the API's own terms."""
        return [span for export in self.accepted(TRACES) for span in decoded(export.body)]

    def all_metrics(self) -> list[MetricReceived]:
        """Return all exports of all metrics, oldest first."""
        return [
            MetricReceived(attributes(batch.resource.attributes), scoped.scope, scoped.schema_url, metric)
            for export in self.accepted(METRICS)
            for batch in ExportMetricsServiceRequest.FromString(export.body).resource_metrics
            for scoped in batch.scope_metrics
            for metric in scoped.metrics
        ]

    def metric_names(self) -> set[str]:
        """Return the names of all metrics."""
        return {received.metric.name for received in self.all_metrics()}

    def metrics(self, name: str) -> list[MetricReceived]:
        """Return all exports of a metric, oldest first."""
        return [received for received in self.all_metrics() if received.metric.name == name]

    def log_lines(self) -> list[str]:
        """Return the bodies of all log records, oldest first."""
        return [
            record.body.string_value
            for export in self.accepted(LOGS)
            for batch in ExportLogsServiceRequest.FromString(export.body).resource_logs
            for scoped in batch.scope_logs
            for record in scoped.log_records
        ]

    def exemplars(self, name: str) -> list[Any]:
        """Return all exemplars of a metric; each is in one export alone, the first after its measurement."""
        return [each for metric in self.metrics(name) for point in metric.points for each in point.exemplars]

    def spans_of(self, trace_id: str) -> list[SpanReceived]:
        """Return the spans of a trace."""
        return [each for each in self.spans() if each.span.trace_id.hex() == trace_id]

    def wait_for_span(self, name: str, trace_id: str | None = None) -> SpanReceived:
        """Wait for the first span of a name, in one trace or in any."""

        def look() -> SpanReceived | None:
            found = self.spans() if trace_id is None else self.spans_of(trace_id)
            return next((each for each in found if each.span.name == name), None)

        return poll(look, ARRIVAL_SECONDS, f"the span {name!r}")

    def wait_for_metric(
        self, name: str, accept: Callable[[MetricReceived], bool] = lambda _metric: True
    ) -> MetricReceived:
        """Wait until the newest export of a metric is acceptable, and return it."""

        def look() -> MetricReceived | None:
            found = self.metrics(name)
            return found[-1] if found and accept(found[-1]) else None

        return poll(look, ARRIVAL_SECONDS, f"the metric {name!r}")


@contextmanager
def serving_otlp(required: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Sink]:
    """Serve OTLP/HTTP on a free port, with TLS where a context is given."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            path = urlsplit(self.path).path  # a request to a proxy has the whole address
            self.send_response(sink.take(path, {name.lower(): value for name, value in self.headers.items()}, raw))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            """Stay silent about clients that go away, and about TLS clients that refuse the certificate."""

        def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # socketserver's own
            # The handshake takes place in the client's own thread: one that never finishes delays no other.
            if tls is None:
                super().finish_request(request, client_address)
                return
            with tls.wrap_socket(request, server_side=True) as encrypted:
                super().finish_request(encrypted, client_address)

    sink = Sink(required=dict(required or {}))
    with Server((HOST, 0), Handler) as server:
        sink.endpoint = f"{'https' if tls else 'http'}://{HOST}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()
