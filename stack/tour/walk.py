# SPDX-License-Identifier: Apache-2.0
"""Follow one request through the signals: metric, exemplar, trace, log lines, and the way back."""

import time
from dataclasses import dataclass

from stack.backends import Exemplar, LogLine, Loki, Prometheus, Sample, Span, Tempo
from stack.polling import poll
from stack.tour.provoke import ROUTE, Answer

DURATION = "http_server_request_duration_seconds"
SLOW_BOUND = "0.5"  # a bucket bound, so the count of slower requests is exact
LOOK_BACK_SECONDS = 600.0
# Export 5 s, queue, scrape and ingestion: what the chain promises is 15 s; a busy laptop gets more.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Walk:
    """Everything found on the way, and the query that found it."""

    metric_query: str
    metric: list[Sample]
    exemplar_query: str
    exemplar: Exemplar
    trace: list[Span]
    log_query: str
    log_lines: list[LogLine]
    back_query: str
    back: list[Sample]


class Follower:
    """Walk from a graph to the log line and back, as a person in Grafana would."""

    def __init__(self, prometheus: Prometheus, loki: Loki, tempo: Tempo) -> None:
        self._prometheus = prometheus
        self._loki = loki
        self._tempo = tempo

    def follow(self, answer: Answer) -> Walk:
        """Follow a request that the client has just seen answered; raise TimeoutError naming the missing signal."""
        selector = f'service_name="loan-service",http_route="{ROUTE}",http_response_status_code="{answer.status}"'
        metric_query = f'sum({DURATION}_count{{{selector}}}) - sum({DURATION}_bucket{{{selector},le="{SLOW_BOUND}"}})'
        exemplar_query = f"{DURATION}_bucket{{{selector}}}"
        exemplar = poll(
            lambda: self._exemplar(exemplar_query, answer.trace_id), PATIENCE_SECONDS, "the exemplar in Prometheus"
        )
        metric = poll(lambda: self._prometheus.query(metric_query), PATIENCE_SECONDS, "the metric in Prometheus")
        trace = poll(lambda: self._whole_trace(exemplar.trace_id), PATIENCE_SECONDS, "the trace in Tempo")
        log_query = f'{{service_name="loan-service"}} | trace_id="{exemplar.trace_id}"'
        lines = poll(lambda: self._request_line(log_query), PATIENCE_SECONDS, "the log lines in Loki")
        back_query = self._back_query(lines)
        return Walk(
            metric_query,
            metric,
            exemplar_query,
            exemplar,
            trace,
            log_query,
            lines,
            back_query,
            self._prometheus.query(back_query),
        )

    def _exemplar(self, query: str, trace_id: str) -> Exemplar | None:
        now = time.time()
        exemplars = self._prometheus.exemplars(query, now - LOOK_BACK_SECONDS, now)
        return next((found for found in exemplars if found.trace_id == trace_id), None)

    def _whole_trace(self, trace_id: str) -> list[Span] | None:
        """Wait for the root: spans of one trace may arrive in two batches."""
        spans = self._tempo.trace(trace_id)
        return spans if any(not span.parent_id for span in spans) else None

    def _request_line(self, query: str) -> list[LogLine] | None:
        now = time.time()
        lines = self._loki.lines(query, now - LOOK_BACK_SECONDS, now + 1)
        return lines if any(line.labels.get("event") == "http_request" for line in lines) else None

    def _back_query(self, lines: list[LogLine]) -> str:
        """Build the metric's query from nothing but the log line's own labels."""
        labels = next(line.labels for line in lines if line.labels.get("event") == "http_request")
        keys = ("service_name", "http_route", "http_response_status_code")
        selector = ",".join(f'{key}="{labels[key]}"' for key in keys)
        return f"sum({DURATION}_count{{{selector}}})"
