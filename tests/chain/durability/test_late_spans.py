# SPDX-License-Identifier: Apache-2.0
"""Spans that come minutes after their time, as after an outage, are found by that time; with Tempo's default not."""

import secrets
import time

import requests

from stack.polling import poll
from tests.chain.durability import mutants, records
from tests.chain.durability.chain import Chain

# As old as after the longest outage that is promised, and a little more.
AGE_SECONDS = 400.0
FOUND_SECONDS = 30.0


def test_a_late_trace_is_found_by_its_time(chain: Chain) -> None:
    trace, at = send(chain, AGE_SECONDS)

    assert poll(lambda: trace in records.traces_stored(chain, at - 1, at + 1), FOUND_SECONDS, "the trace by its time")


def test_with_the_default_slack_it_is_found_by_its_id_alone(chain: Chain) -> None:
    chain.kill("tempo")  # an orderly stop may take it 8 s
    with chain.mutated("tempo", mutants.tempo_with_the_default_slack):
        trace, at = send(chain, AGE_SECONDS)
        poll(lambda: chain.tempo.trace(trace), FOUND_SECONDS, "the trace by its id")
        recent, now = send(chain, 0.0)
        poll(lambda: recent in records.traces_stored(chain, now - 1, now + 1), FOUND_SECONDS, "a newer one by its time")
        late = records.traces_stored(chain, at - 1, at + 1)
        chain.kill("tempo")

    assert trace not in late


def send(chain: Chain, age_seconds: float) -> tuple[str, float]:
    """Send a trace of one span, so much too late; give its id, and when it was."""
    trace, at = secrets.token_hex(16), round((time.time() - age_seconds) * 1e9)
    span = {
        "traceId": trace,
        "spanId": secrets.token_hex(8),
        "name": "late",
        "kind": 2,
        "startTimeUnixNano": str(at),
        "endTimeUnixNano": str(at + 1_000_000),
    }
    service = {"key": "service.name", "value": {"stringValue": "loan-service"}}
    document = {"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [{"spans": [span]}]}]}
    requests.post(f"{chain.stack.url('otelcol')}/v1/traces", json=document, timeout=10).raise_for_status()
    return trace, at / 1e9
