# SPDX-License-Identifier: Apache-2.0
"""With OTEL_TRACES_SAMPLER a share of the traces is recorded, each request counted, and each exemplar has a trace."""

import time
from collections.abc import Iterator
from typing import Final

import pytest

from stack.backends import Prometheus, Tempo
from stack.polling import poll
from stack.runner import Stack
from tests.chain.agreement import Claim
from tests.chain.conftest import PIPELINE
from tests.chain.sampled import drive, share_complaints
from tests.chain.signals import pushed, trace_ids

ONLY: Final = ("db", "migrate", "api", "otelcol", "tempo", "prometheus")
SHARE: Final = 0.1
SERVICE: Final = {
    "API_WORKERS": "2",
    "API_THREADS": "4",
    "TELEMETRY_PIPELINE": PIPELINE,
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": str(SHARE),
}
REQUESTS: Final = 1000
ARRIVED_SECONDS: Final = 60.0
BUCKETS: Final = "http_server_request_duration_seconds_bucket"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Run a stack of its own, as the other tests need every trace."""
    with Stack.temporary(only=ONLY, env=SERVICE) as running:
        yield running
        running.kill("tempo")  # an orderly stop takes it 8 s


def test_a_share_of_the_traces_is_recorded_and_each_request_counted(stack: Stack) -> None:
    prometheus, tempo = Prometheus(stack.url("prometheus")), Tempo(stack.url("tempo"))

    done = drive(stack, REQUESTS)

    assert share_complaints("all", REQUESTS, len(done.recorded), SHARE) == []
    kept = poll(
        lambda: found if (found := kept_of(tempo, done.started)) >= done.recorded else None,
        ARRIVED_SECONDS,
        "the recorded traces in Tempo",
    )
    assert kept & done.statuses.keys() == done.recorded
    Claim("requests in Prometheus", done.answered, lambda: pushed(prometheus, done.started)).require()
    exemplars = {each.trace_id for each in prometheus.exemplars(BUCKETS, done.started, time.time())}
    print(f"{len(done.recorded)} of {REQUESTS} recorded, {len(exemplars)} of them behind exemplars")  # noqa: T201  # the figures are the result
    assert exemplars
    assert exemplars <= done.recorded


def kept_of(tempo: Tempo, since: float) -> set[str]:
    """Give the traces of requests in Tempo."""
    return trace_ids(tempo, since, time.time(), REQUESTS)
