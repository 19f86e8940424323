# SPDX-License-Identifier: Apache-2.0
"""One native stack on free ports for the whole session, and a client for each backend."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from stack import nginx
from stack.backends import Loki, Mailpit, Prometheus, Tempo
from stack.runner import Stack

# Several processes of several threads: where naive metrics go wrong. The same tests hold for both pipelines.
PIPELINE = os.environ.get("TELEMETRY_PIPELINE", "standard")
# What a user adds to the resource.
TEAM = ("team", "lending")
SERVICE = {
    "API_WORKERS": "4",
    "API_THREADS": "4",
    "TELEMETRY_PIPELINE": PIPELINE,
    "OTEL_RESOURCE_ATTRIBUTES": "=".join(TEAM),
}


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start every server; building them comes first where the cache has none."""
    nginx.install(print)
    with Stack.temporary(env=SERVICE) as running:
        yield running


@dataclass(frozen=True)
class Backends:
    """Clients of the stack's backends."""

    prometheus: Prometheus
    loki: Loki
    tempo: Tempo
    mailpit: Mailpit


@pytest.fixture(scope="session")
def backends(stack: Stack) -> Backends:
    """Give a client for each backend of the running stack."""
    return Backends(
        Prometheus(stack.url("prometheus")),
        Loki(stack.url("loki")),
        Tempo(stack.url("tempo")),
        Mailpit(stack.url("mailpit")),
    )
