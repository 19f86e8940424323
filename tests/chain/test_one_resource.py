# SPDX-License-Identifier: Apache-2.0
"""What OTEL_RESOURCE_ATTRIBUTES say stands in all three signals: metrics, traces and log lines have one resource."""

import time

from stack.polling import poll
from stack.runner import Stack
from stack.tour.caller import LOANS, Caller
from tests.chain.conftest import TEAM, Backends

# Metrics come each second, a line within one, and Tempo finds a trace after 15 s; and a busy machine.
PATIENCE_SECONDS = 60.0
KEY, VALUE = TEAM


def test_an_attribute_of_ones_own_is_in_all_three_backends(stack: Stack, backends: Backends) -> None:
    started, answer = time.time(), Caller(stack.url("nginx")).send("GET", LOANS)
    trace_id = answer.headers["traceresponse"].split("-")[1]
    query = f'{{resource.{KEY}="{VALUE}" && resource.service.name="loan-service"}}'
    own_lines = f'{{service_name="loan-service"}} | {KEY}="{VALUE}" | trace_id="{trace_id}"'

    def in_tempo() -> bool:
        return trace_id in backends.tempo.search(query, started - 1, time.time(), limit=1000)

    def in_loki() -> bool:
        return bool(backends.loki.lines(own_lines, started - 1, time.time() + 1))

    poll(in_loki, PATIENCE_SECONDS, "the request's log line")
    poll(in_tempo, PATIENCE_SECONDS, "the request's trace")
    workers = {row.labels["instance"] for row in backends.prometheus.query('target_info{job="lending/loan-service"}')}
    ours = backends.prometheus.query(f'target_info{{job="lending/loan-service",{KEY}="{VALUE}"}}')
    assert {row.labels["instance"] for row in ours} == workers
    assert len(workers) >= int(stack.site.overrides["API_WORKERS"])
