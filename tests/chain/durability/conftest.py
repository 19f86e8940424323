# SPDX-License-Identifier: Apache-2.0
"""A separate stack, so that faults here leave no gap in the data of other tests."""

from collections.abc import Iterator

import pytest

from stack import nginx
from stack.backends import Loki, Prometheus, Tempo
from stack.runner import Stack
from tests.chain.conftest import PIPELINE
from tests.chain.durability.chain import COMMAND, EXPORT_SECONDS, LONG, Chain

# What restarts the service for its sake alone runs nightly.
collect_ignore = [] if LONG else ["test_collector_away_too_long.py"]
ONLY = ("db", "migrate", "api", "nginx", "prometheus", "otelcol", "tempo", "loki")
SERVICE = {
    # No worker is replaced by another one: its counts and its memory are followed for minutes.
    "API_CMD": f"{COMMAND} app.wsgi:app",
    "TELEMETRY_PIPELINE": PIPELINE,
    "API_WORKERS": "2",
    "API_THREADS": "4",
    # Half the usual time: gaps show sooner, and so does their end.
    "OTEL_METRIC_EXPORT_INTERVAL": str(round(EXPORT_SECONDS * 1000)),
}


@pytest.fixture(scope="package")
def running() -> Iterator[Chain]:
    """Run the service, its observers, and nothing else."""
    nginx.install(print)
    service = dict(SERVICE)
    with Stack.temporary(only=ONLY, env=service) as stack:
        urls = {name: stack.url(name) for name in ("prometheus", "loki", "tempo")}
        yield Chain(stack, service, Prometheus(urls["prometheus"]), Loki(urls["loki"]), Tempo(urls["tempo"]))
        stack.kill("tempo")  # an orderly stop takes it 8 s, and its data is not read any more


@pytest.fixture
def chain(running: Chain) -> Chain:
    """Give the stack with everything running, also after a test that failed."""
    running.start(*(name for name in ONLY if name not in running.stack.running))
    return running
