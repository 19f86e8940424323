# SPDX-License-Identifier: Apache-2.0
"""How many requests each signal has counted, and the clients, by route and status."""

from collections import Counter
from collections.abc import Iterable

import requests
from prometheus_client.parser import text_string_to_metric_families

from stack.backends import LogLine, Loki, Prometheus, Sample, Tempo
from tests.chain.counter_rises import Totals, risen
from tests.chain.traffic import Seen

COUNT = "http_server_request_duration_seconds_count"
WORKER_UP = "loan_service_worker_up"
PAGE_SECONDS = 10.0
KEYS = "loan_idempotency_requests_total"
ROUTE, STATUS = "http_route", "http_response_status_code"
SERVER_SPANS = '{resource.service.name="loan-service" && kind=server}'


def answered(seen: Iterable[Seen]) -> Totals:
    """Count what clients saw as the backends label it."""
    return Counter((answer.route, str(answer.status)) for answer in seen)


def pushed(prometheus: Prometheus, since: float) -> Totals:
    """Read the counts that came by OTLP since a Unix time."""
    return risen(prometheus, COUNT, (ROUTE, STATUS), since)


def keys(prometheus: Prometheus, since: float) -> Totals:
    """Read what became of the idempotency keys since a Unix time."""
    return risen(prometheus, KEYS, ("loan_idempotency_outcome",), since)


def scraped(url: str) -> Totals:
    """Read the counts since the arbiter's start from whichever worker answers /metrics."""
    return Page(url).counts()


class Page:
    """A service's /metrics now; of a worker that does not answer in time, the counts that it last gave."""

    def __init__(self, url: str) -> None:
        answer = requests.get(f"{url}/metrics", timeout=PAGE_SECONDS)
        answer.raise_for_status()
        families = text_string_to_metric_families(answer.text)
        self.samples = [sample for family in families for sample in family.samples]

    def counts(self) -> Totals:
        """Count the requests."""
        found: Totals = Counter()
        for sample in self.samples:
            if sample.name == COUNT:
                found[sample.labels.get(ROUTE, ""), sample.labels[STATUS]] += round(sample.value)
        return found

    def is_complete(self) -> bool:
        """Return whether every worker answered, and none only by its earlier totals."""
        up = [sample.value for sample in self.samples if sample.name == WORKER_UP]
        return bool(up) and all(up)

    def workers_up(self) -> set[str]:
        """Name the workers that answered, as they do before their first request."""
        return {sample.labels["worker"] for sample in self.samples if sample.name == WORKER_UP and sample.value}

    def under_way(self) -> int:
        """Count the requests that these workers are working on."""
        return round(sum(sample.value for sample in self.samples if sample.name == "http_server_active_requests"))


def logged(loki: Loki, started: float, ended: float) -> Totals:
    """Count the request lines between two Unix times."""
    return Counter((line.labels.get(ROUTE, ""), line.labels[STATUS]) for line in request_lines(loki, started, ended))


def request_lines(loki: Loki, started: float, ended: float) -> list[LogLine]:
    """Read the line of every request between two Unix times."""
    return loki.lines('{service_name="loan-service"} | event="http_request"', started, ended)


def reports(loki: Loki, started: float, ended: float) -> list[LogLine]:
    """Read the service's reports of losses between two Unix times."""
    return loki.lines('{service_name="loan-service"} | event="telemetry_lost"', started, ended)


def traced(tempo: Tempo, started: float, ended: float) -> Totals:
    """Count server spans with TraceQL metrics."""
    query = f"{SERVER_SPANS} | count_over_time() by (span.http.route, span.http.response.status_code)"
    return by_route(tempo.count(query, started, ended))


def by_route(samples: Iterable[Sample]) -> Totals:
    names = "span.http.route", "span.http.response.status_code"
    return Counter({tuple(row.labels.get(name, "") for name in names): round(row.value) for row in samples})


def trace_ids(tempo: Tempo, started: float, ended: float, expected: int) -> set[str]:
    """List the traces that have a server span."""
    return set(tempo.search(SERVER_SPANS, started, ended, limit=expected + 100))
