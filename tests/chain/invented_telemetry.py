# SPDX-License-Identifier: Apache-2.0
"""Telemetry of a service that does not exist, sent directly to the collector."""

import time
from uuid import uuid4

import requests

from stack.runner import Stack
from tests.chain.personal_telemetry import text


def send_invented(stack: Stack, service: str, names: list[str]) -> None:
    """Send a gauge with as many values of a label as there are names, and a span of each name."""
    now = str(time.time_ns())
    resource = {"attributes": [text("service.name", service)]}
    points = [{"attributes": [text("x", name)], "timeUnixNano": now, "asInt": "1"} for name in names]
    metrics = [{"name": "made_up", "gauge": {"dataPoints": points}}]
    spans = [
        {
            "traceId": uuid4().hex,
            "spanId": uuid4().hex[:16],
            "name": name,
            "kind": 1,
            "startTimeUnixNano": now,
            "endTimeUnixNano": now,
        }
        for name in names
    ]
    for path, document in (
        ("metrics", {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]}),
        ("traces", {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}),
    ):
        requests.post(f"{stack.url('otelcol')}/v1/{path}", json=document, timeout=10).raise_for_status()
