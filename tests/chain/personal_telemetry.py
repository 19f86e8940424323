# SPDX-License-Identifier: Apache-2.0
"""Telemetry with personal data, sent to the collector as if the service had written it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import requests

from stack.runner import Stack
from stack.tour.caller import TIMEOUT_SECONDS

# One of each form that otel/collector.yaml blocks; all are invented.
FORMS = {
    "e-mail": "zz.net@mail.example",
    "phone": "+441632960788",
    "social security number": "078-05-1120",
    "card": "4111 1111 1111 1111",
    "IBAN": "GB82 WEST 1234 5698 7654 32",
    "credentials": "Bearer zz-net-secret",
    "row": "Key (full_name)=(Zznet Quuxwell)",
}


@dataclass(frozen=True)
class Leak:
    """What was sent: a trace and a line that can be found by a mark, which nothing masks."""

    mark: str
    trace_id: str
    started: float


@contextmanager
def leaked(stack: Stack) -> Iterator[Leak]:
    """Write a line into a file that the collector reads, until the end, and send it a span."""
    leak = Leak(f"zznet{uuid4().hex}", uuid4().hex, time.time())
    file = stack.log_dir / f"api-{leak.mark}.jsonl"
    line = {
        "timestamp": datetime.now(UTC).isoformat(timespec="microseconds"),
        "level": "INFO",
        "event": f"{leak.mark} {FORMS['e-mail']}",  # one of the fields that become structured metadata
        "message": f"{leak.mark} {all_forms()}",
    }
    try:
        file.write_text(json.dumps(line) + "\n")
        url = f"{stack.url('otelcol')}/v1/traces"
        requests.post(url, json=_document(leak), timeout=TIMEOUT_SECONDS).raise_for_status()
        yield leak
    finally:
        file.unlink()


def all_forms() -> str:
    """Write all forms into one text."""
    return " / ".join(FORMS.values())


def _document(leak: Leak) -> dict[str, object]:
    now = str(time.time_ns())
    span = {
        "traceId": leak.trace_id,
        "spanId": uuid4().hex[:16],
        "name": leak.mark,
        "kind": 3,
        "startTimeUnixNano": now,
        "endTimeUnixNano": now,
        "attributes": [*(text(f"in.attribute.{place}", form) for place, form in enumerate(FORMS.values())), several()],
        "events": [{"timeUnixNano": now, "name": all_forms(), "attributes": [text("in.event", all_forms())]}],
        "status": {"code": 2, "message": f"{all_forms()}\nDETAIL: {all_forms()}"},
    }
    resource = {"attributes": [text("service.name", leak.mark), text("in.resource", all_forms())]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}


def several() -> dict[str, object]:
    """Write all forms as one attribute that is a list."""
    return {"key": "in.list", "value": {"arrayValue": {"values": [{"stringValue": form} for form in FORMS.values()]}}}


def text(key: str, value: str) -> dict[str, object]:
    """Write an attribute as OTLP's JSON has it."""
    return {"key": key, "value": {"stringValue": value}}
