# SPDX-License-Identifier: Apache-2.0
"""The first requests of a series that is born long after its worker are in `increase`, as the real Prometheus has it.

Without a zero at its birth a series' first value is a beginning and no increase: the first burst of 5xx of a route
would be invisible in every panel and alert.
"""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from app.settings import TelemetryPipeline
from stack.backends import Prometheus
from stack.polling import poll
from stack.runner import Stack
from stack.tour.caller import LOANS, Caller
from tests.chain.arbiter import Arbiter, workers_of

ONLY = ("db", "migrate", "api", "prometheus", "otelcol")
INTERVAL_SECONDS = 15.0  # of exports, as in production
PUTS = 20
WORKERS = 2
ARRIVAL_SECONDS = 4 * INTERVAL_SECONDS
REFUSED = 'http_response_status_code="405"'
SERIES = {
    "a histogram's count": f"http_server_request_duration_seconds_count{{{REFUSED}}}",
    "a histogram's bucket": f'http_server_request_duration_seconds_bucket{{{REFUSED},le="+Inf"}}',
    "a counter": "late_puts_total",
}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Run the service, the collector and Prometheus, with production's interval of exports."""
    service = {
        "API_CMD": "gunicorn -c gunicorn.conf.py tests.chain.late_series_app:app",
        "API_WORKERS": str(WORKERS),
        "OTEL_METRIC_EXPORT_INTERVAL": str(round(INTERVAL_SECONDS * 1000)),
    }
    with Stack.temporary(only=ONLY, env=service) as running:
        yield running


@pytest.fixture(scope="module", params=list(TelemetryPipeline))
def service(stack: Stack, request: pytest.FixtureRequest) -> Arbiter:
    """Run the service with one pipeline."""
    stack.site.overrides = {**stack.site.overrides, "TELEMETRY_PIPELINE": str(request.param)}
    stack.restart("api")
    arbiter = Arbiter(stack.pid("api"), stack.url("api"), WORKERS)
    arbiter.wait_until_complete()
    return arbiter


def test_a_series_first_requests_are_an_increase(stack: Stack, service: Arbiter) -> None:
    prometheus, began = Prometheus(stack.url("prometheus")), time.time()
    wait_for_exports(prometheus, began)

    assert increases_after_puts(prometheus, service, began) == dict.fromkeys(SERIES, PUTS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_so_are_those_after_a_workers_restart(stack: Stack, service: Arbiter, number: int) -> None:
    prometheus, began = Prometheus(stack.url("prometheus")), time.time()
    before = frozenset(workers_of(service.pid))
    for pid in before:
        os.kill(pid, number)
    service.wait_until_complete(besides=before)
    wait_for_exports(prometheus, time.time())

    assert increases_after_puts(prometheus, service, began) == dict.fromkeys(SERIES, PUTS)


def wait_for_exports(prometheus: Prometheus, since: float) -> None:
    """Wait until each worker has exported twice, so that what follows is born late."""

    def exported() -> bool:
        found = prometheus.series("loan_service_threads_limit", since, time.time())
        return len([series for series in found if len(series.samples) > 1]) >= WORKERS

    poll(exported, ARRIVAL_SECONDS, "two exports of each worker")


def increases_after_puts(prometheus: Prometheus, service: Arbiter, began: float) -> dict[str, int]:
    """Send the requests and return by how much each series has increased since a Unix time, to the nearest unit."""
    for _ in range(PUTS):
        assert Caller(service.url).send("PUT", LOANS).status_code == 405
    wait_for_exports(prometheus, time.time())
    return {name: round(increase(prometheus, selector, began)) for name, selector in SERIES.items()}


def increase(prometheus: Prometheus, selector: str, began: float) -> float:
    """Query `increase` of each worker's series, from its first sample since then to its newest.

    At these bounds nothing is extrapolated: after a restart the first is the last one of the worker before.
    """
    found = 0.0
    for series in prometheus.series(selector, began, time.time()):
        first, at = series.samples[0][0], series.samples[-1][0]
        labels = ",".join(f'{name}="{value}"' for name, value in series.labels.items() if name != "__name__")
        window = f"[{round((at - first) * 1000) + 1}ms]"  # a window does not contain its beginning
        found += sum(
            row.value for row in prometheus.query(f"increase({series.labels['__name__']}{{{labels}}}{window})", at)
        )
    return found
