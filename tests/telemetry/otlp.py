# SPDX-License-Identifier: Apache-2.0
"""A collector that stores what it receives, for tests of whole servers and of failing exports."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from stack.ports import HOST
from tests.telemetry.spans_seen import SpansSeen


class Receiving:
    """What has been received, and where it is received."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://{HOST}:{port}"
        self.spans = SpansSeen()
        self.metrics: set[str] = set()

    def take(self, path: str, body: bytes) -> None:
        """Keep an export request: all of a span's, of a metric's that it was there."""
        if path == "/v1/traces":
            self.spans.take(body)
            return
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            self.metrics |= {metric.name for scope in resource.scope_metrics for metric in scope.metrics}


@contextmanager
def receiving() -> Iterator[Receiving]:
    """Take every export request and acknowledge it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.take(self.path, gzip.decompress(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        server.daemon_threads = True
        received = Receiving(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield received
        server.shutdown()
        thread.join()
