# SPDX-License-Identifier: Apache-2.0
"""A collector that measures the size of what it receives, and the service's telemetry for complete loans."""

import gzip
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from stack.ports import HOST
from tests.chain.loan_lives import ALL
from tests.chain.traffic import side_by_side
from tests.concurrency.gunicorn import serving

# Twice everything: the second time meets no new kind of answer, and batches are as full as in a busy hour.
ROUNDS = 2


@dataclass(frozen=True)
class Export:
    """One export as it was sent, and as it is without compression."""

    path: str
    sent: int
    body: bytes


@dataclass
class Collector:
    """Takes everything."""

    endpoint: str = ""
    exports: list[Export] = field(default_factory=list)

    def of(self, path: str) -> list[Export]:
        """Give the exports of a signal."""
        return [export for export in self.exports if export.path == path]


@dataclass(frozen=True)
class Weight:
    """What the service emitted: figures by the names that the budget has."""

    requests: int
    spans: int
    figures: dict[str, float]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Answer every export with 200 and keep it."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # exporters keep their connection

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            plain = gzip.decompress(sent) if self.headers["Content-Encoding"] == "gzip" else sent
            collector.exports.append(Export(self.path, len(sent), plain))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        server.daemon_threads = True
        collector.endpoint = f"http://{HOST}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield collector
        server.shutdown()
        thread.join()


def weigh(folder: Path, database: str, pipeline: str) -> Weight:
    """Live every life on a real server with one of the pipelines, stop it, and add up."""
    with collecting() as collector:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "TELEMETRY_PIPELINE": pipeline}
        # One worker, so that it meets every kind of answer, and watches the portfolio.
        with serving(folder, database, API_WORKERS="1", API_THREADS="8", **variables) as service:
            answered = len(side_by_side(service.base, ALL * ROUNDS))
            series = series_of_workers(requests.get(f"{service.base}/metrics", timeout=10).text)
        traces, metrics = collector.of("/v1/traces"), collector.of("/v1/metrics")
    lines = sum(path.stat().st_size for path in (folder / "logs").glob("api-*-w*.jsonl*"))
    figures = {
        "series of a worker": max(series.values()),
        "bytes of an export of metrics": max(len(export.body) for export in metrics),
        "bytes of an export of metrics, compressed": max(export.sent for export in metrics),
        "bytes of spans": sum(len(export.body) for export in traces) / answered,
        "bytes of spans, compressed": sum(export.sent for export in traces) / answered,
        "bytes of lines": lines / answered,
    }
    return Weight(answered, sum(spans_in(export.body) for export in traces), figures)


def series_of_workers(page: str) -> Counter[str]:
    """Count the series of each worker at /metrics."""
    samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
    return Counter(sample.labels["worker"] for sample in samples if "worker" in sample.labels)


def spans_in(body: bytes) -> int:
    """Count the spans of an export."""
    request = ExportTraceServiceRequest.FromString(body)
    return sum(len(scope.spans) for each in request.resource_spans for scope in each.scope_spans)
