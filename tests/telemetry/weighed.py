# SPDX-License-Identifier: Apache-2.0
"""The size of the service's telemetry for complete loans: series, bytes of exports, bytes of log lines."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from tests.chain.loan_lives import ALL
from tests.chain.traffic import side_by_side
from tests.concurrency.gunicorn import serving
from tests.telemetry.otlp_sink import METRICS, TRACES, serving_otlp

# Twice everything: the second time meets no new kind of answer, and batches are as full as in a busy hour.
ROUNDS = 2


@dataclass(frozen=True)
class Weight:
    """What the service emitted: figures by the names that the budget has."""

    requests: int
    spans: int
    figures: dict[str, float]


def weigh(folder: Path, database: str, pipeline: str) -> Weight:
    """Live every life on a real server with one of the pipelines, stop it, and add up."""
    with serving_otlp() as collector:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "TELEMETRY_PIPELINE": pipeline}
        # One worker, so that it meets every kind of answer, and watches the portfolio.
        with serving(folder, database, API_WORKERS="1", API_THREADS="8", **variables) as service:
            answered = len(side_by_side(service.base, ALL * ROUNDS))
            series = series_of_workers(requests.get(f"{service.base}/metrics", timeout=10).text)
        traces, metrics = collector.sent(TRACES), collector.sent(METRICS)
    lines = sum(path.stat().st_size for path in (folder / "logs").glob("api-*-w*.jsonl*"))
    figures = {
        "series of a worker": max(series.values()),
        "bytes of an export of metrics": max(len(export.body) for export in metrics),
        "bytes of an export of metrics, compressed": max(export.sent_bytes for export in metrics),
        "bytes of spans": sum(len(export.body) for export in traces) / answered,
        "bytes of spans, compressed": sum(export.sent_bytes for export in traces) / answered,
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
