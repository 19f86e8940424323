# SPDX-License-Identifier: Apache-2.0
"""One request counts as one, in the client, Prometheus, /metrics, Loki and Tempo; one loan counts as one, too."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Timer
from typing import TypeVar

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from stack.backends import Loki, Prometheus, Sample, Tempo
from stack.polling import poll
from stack.runner import Stack
from tests.chain import books
from tests.chain.conftest import Backends
from tests.chain.lives import LIVES
from tests.chain.traffic import Seen, counts, side_by_side

ROUNDS = 25
SETTLE_SECONDS = 90.0
COUNT = "http_server_request_duration_seconds_count"
KEYS = "loan_idempotency_requests_total"
Counts = Counter[tuple[str, str]]
Key = TypeVar("Key")
# What a client can see of the service's ordinary life, and must be among the answers for the proof to be worth much.
STATUSES = {"200", "201", "202", "304", "400", "401", "403", "404", "405", "409", "412", "422", "428"}
FEWEST_ROUTES = 22


@pytest.mark.parametrize("reload", [False, True], ids=["undisturbed", "reloaded"])
def test_every_signal_counts_what_the_client_counted(stack: Stack, backends: Backends, reload: bool) -> None:
    prometheus, loki, tempo = backends.prometheus, backends.loki, backends.tempo
    poll(lambda: settled(prometheus), SETTLE_SECONDS, "a quiet Prometheus")
    pushed_before, scraped_before, started = pushed(prometheus), scraped(stack), time.time()
    keys_before, counted_before = keys(prometheus), books.counted(prometheus)
    kept_before = books.kept(stack.database_url)

    with reload_in_the_middle(stack) if reload else nullcontext():
        seen = side_by_side(stack.url("nginx"), LIVES * ROUNDS)
    ended = time.time()

    expected = counts(seen)
    assert {status for _, status in expected} == STATUSES
    assert len({route for route, _ in expected}) >= FEWEST_ROUTES
    print(f"{len(seen)} requests, {len(expected)} pairs of route and status, {ended - started:.1f} s")  # noqa: T201  # the result
    assert_soon(expected, lambda: pushed(prometheus) - pushed_before, "Prometheus by OTLP")
    assert_soon(expected, lambda: scraped(stack) - scraped_before, "the union of the workers' /metrics")
    assert_soon(expected, lambda: logged(loki, seen, started, ended), "http_request lines in Loki")
    assert_soon(expected, lambda: traced(tempo, started, ended), "server spans in Tempo")
    assert {answer.trace_id for answer in seen} == trace_ids(tempo, started, ended, len(seen))
    assert_soon(
        Counter(answer.key_outcome for answer in seen if answer.key_outcome),
        lambda: keys(prometheus) - keys_before,
        "what became of the idempotency keys",
    )
    # One loan counts as one: what the business counters have risen by is what the database holds more than before.
    rows = books.kept(stack.database_url) - kept_before
    assert {metric for metric, *_ in rows} == set(books.METRICS)
    assert_soon(rows, lambda: books.counted(prometheus) - counted_before, "the business counters in Prometheus")
    portfolio = books.kept_portfolio(stack.database_url)
    assert portfolio
    assert_soon(portfolio, lambda: books.shown_portfolio(prometheus), "the portfolio in Prometheus")


@contextmanager
def reload_in_the_middle(stack: Stack) -> Iterator[None]:
    """Replace all workers gracefully one second into the traffic."""
    pid = stack.pid("api")
    assert pid is not None
    timer = Timer(1.0, os.kill, (pid, signal.SIGHUP))
    timer.start()
    yield
    assert not timer.is_alive(), "the traffic ended before the reload"


def assert_soon(expected: Counter[Key], look: Callable[[], Counter[Key]], where: str) -> None:
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


def keys(prometheus: Prometheus) -> Counter[str]:
    """Read what became of the idempotency keys."""
    series = f"last_over_time({KEYS}[{books.LOOK_BACK}])"
    rows = prometheus.query(f"sum by (loan_idempotency_outcome) ({series})")
    return Counter({row.labels["loan_idempotency_outcome"]: round(row.value) for row in rows})


def by_route(samples: list[Sample], route: str = "http_route", status: str = "http_response_status_code") -> Counts:
    return Counter({(row.labels.get(route, ""), row.labels[status]): round(row.value) for row in samples})


def pushed(prometheus: Prometheus) -> Counts:
    """Read the counts that came by OTLP; ended workers keep their last value."""
    series = f'last_over_time({COUNT}{{job="lending/loan-service"}}[{books.LOOK_BACK}])'
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


def trace_ids(tempo: Tempo, started: float, ended: float, expected: int) -> set[str]:
    query = '{resource.service.name="loan-service" && kind=server}'
    return set(tempo.search(query, started, ended, limit=expected + 100))
