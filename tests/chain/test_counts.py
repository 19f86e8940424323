# SPDX-License-Identifier: Apache-2.0
"""One request counts as one: in the client, Prometheus, /metrics, Loki and Tempo, on the real servers."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Timer

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from stack.backends import Loki, Prometheus, Sample, Tempo
from stack.polling import poll
from stack.runner import Stack
from tests.chain.conftest import Backends
from tests.chain.traffic import Seen, counts, mixture, send, submit

REQUESTS = 2000
SETTLE_SECONDS = 90.0
COUNT = "http_server_request_duration_seconds_count"
# Long enough to see the whole session: a worker's series ends with the worker, its count stays true.
LOOK_BACK = "2h"
Counts = Counter[tuple[str, str]]


@pytest.mark.parametrize("reload", [False, True], ids=["undisturbed", "reloaded"])
def test_every_signal_counts_what_the_client_counted(stack: Stack, backends: Backends, reload: bool) -> None:
    prometheus, loki, tempo = backends.prometheus, backends.loki, backends.tempo
    edge = stack.url("nginx")
    loan_id = submit(edge)
    poll(lambda: settled(prometheus), SETTLE_SECONDS, "a quiet Prometheus")
    pushed_before, scraped_before, started = pushed(prometheus), scraped(stack), time.time()

    with reload_in_the_middle(stack) if reload else nullcontext():
        seen = send(edge, mixture(loan_id) * (REQUESTS // 10))
    ended = time.time()

    expected = counts(seen)
    assert len(seen) == REQUESTS
    assert_soon(expected, lambda: pushed(prometheus) - pushed_before, "Prometheus by OTLP")
    assert_soon(expected, lambda: scraped(stack) - scraped_before, "the union of the workers' /metrics")
    assert_soon(expected, lambda: logged(loki, seen, started, ended), "http_request lines in Loki")
    assert_soon(expected, lambda: traced(tempo, started, ended), "server spans in Tempo")
    assert {answer.trace_id for answer in seen} == trace_ids(tempo, started, ended)


@contextmanager
def reload_in_the_middle(stack: Stack) -> Iterator[None]:
    """Replace all workers gracefully one second into the traffic."""
    pid = stack.pid("api")
    assert pid is not None
    timer = Timer(1.0, os.kill, (pid, signal.SIGHUP))
    timer.start()
    yield
    assert not timer.is_alive(), "the traffic ended before the reload"


def assert_soon(expected: Counts, look: Callable[[], Counts], where: str) -> None:
    """Wait until a backend has counted everything, then make sure that it does not count more."""
    try:
        poll(lambda: look().total() >= expected.total(), SETTLE_SECONDS, where)
    finally:
        time.sleep(1.0)
        assert look() == expected, where


def settled(prometheus: Prometheus) -> bool:
    """Tell whether what was sent before has arrived: two looks, one export interval apart, agree."""
    before = pushed(prometheus)
    time.sleep(6.0)
    return pushed(prometheus) == before


def by_route(samples: list[Sample], route: str = "http_route", status: str = "http_response_status_code") -> Counts:
    return Counter({(row.labels.get(route, ""), row.labels[status]): round(row.value) for row in samples})


def pushed(prometheus: Prometheus) -> Counts:
    """Read the counts that came by OTLP; ended workers keep their last value."""
    series = f'last_over_time({COUNT}{{job="lending/loan-service"}}[{LOOK_BACK}])'
    return by_route(prometheus.query(f"sum by (http_route, http_response_status_code) ({series})"))


def scraped(stack: Stack) -> Counts:
    """Read the counts from whichever worker answers /metrics."""
    found: Counts = Counter()
    text = requests.get(f"{stack.url('api')}/metrics", timeout=10).text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == COUNT:
                key = sample.labels.get("http_route", ""), sample.labels["http_response_status_code"]
                found[key] += round(sample.value)
    return found


def logged(loki: Loki, seen: list[Seen], started: float, ended: float) -> Counts:
    """Count the request lines of exactly these traces."""
    lines = loki.lines('{service_name="loan-service"} | event="http_request"', started - 1, ended + 1)
    ids = {answer.trace_id for answer in seen}
    return Counter(
        (line.labels.get("http_route", ""), line.labels["http_response_status_code"])
        for line in lines
        if line.labels["trace_id"] in ids
    )


def traced(tempo: Tempo, started: float, ended: float) -> Counts:
    """Count server spans with TraceQL metrics."""
    query = '{resource.service.name="loan-service" && kind=server} | count_over_time()'
    samples = tempo.count(f"{query} by (span.http.route, span.http.response.status_code)", started, ended)
    return by_route(samples, "span.http.route", "span.http.response.status_code")


def trace_ids(tempo: Tempo, started: float, ended: float) -> set[str]:
    query = '{resource.service.name="loan-service" && kind=server}'
    return set(tempo.search(query, started, ended, limit=REQUESTS + 100))
