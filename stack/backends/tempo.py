# SPDX-License-Identifier: Apache-2.0
"""Queries Tempo for traces and for metrics computed from spans."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stack.backends.http import BackendError, get_json
from stack.backends.prometheus import Sample

HEX_DIGITS_OF_A_TRACE_ID = 32
MILLISECONDS = 1000


@dataclass(frozen=True)
class Span:
    """One span of a trace; times in Unix seconds."""

    span_id: str
    parent_id: str
    name: str
    service: str
    start: float
    duration: float
    attributes: dict[str, str]
    status: str


class Tempo:
    """Tempo's HTTP API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def trace(self, trace_id: str) -> list[Span]:
        """Fetch a trace's spans in order of their start; an unknown trace has none."""
        try:
            document = get_json(f"{self.url}/api/traces/{trace_id}")
        except BackendError as error:
            if ": 404 " in str(error):
                return []
            raise
        return sorted(_spans(document), key=lambda span: span.start)

    def search(self, traceql: str, start: float, end: float, limit: int = 20) -> list[str]:
        """List the ids of matching traces; Tempo drops leading zeros, so they are padded back to 32 hex digits."""
        parameters = {"q": traceql, "start": int(start), "end": int(end) + 1, "limit": limit}
        traces = get_json(f"{self.url}/api/search", parameters).get("traces") or []
        return [trace["traceID"].zfill(HEX_DIGITS_OF_A_TRACE_ID) for trace in traces]

    def count(self, traceql: str, start: float, end: float) -> list[Sample]:
        """Sum a TraceQL metrics query, such as `{…} | count_over_time() by (span.http.route)`, over whole seconds."""
        first = int(start)
        # Tempo 2.8 leaves out a block whose newest span began in the first second of the range (tempo#5507): the range
        # begins one second earlier, which is left out here. A sample describes the step that begins at its time.
        parameters = {"q": traceql, "start": first - 1, "end": int(end) + 1, "step": "1s", "exemplars": 0}
        series = get_json(f"{self.url}/api/metrics/query_range", parameters).get("series") or []
        return [Sample(_labels(row), _sum_since(first, row["samples"])) for row in series]


def _sum_since(second: int, samples: list[dict[str, Any]]) -> float:
    return sum(float(each.get("value", 0)) for each in samples if int(each["timestampMs"]) >= second * MILLISECONDS)


def _labels(row: dict[str, Any]) -> dict[str, str]:
    return {label["key"]: _value(label["value"]) for label in row.get("labels", [])}


def _value(value: dict[str, Any]) -> str:
    return str(next(iter(value.values()), ""))


def _attributes(items: list[dict[str, Any]]) -> dict[str, str]:
    return {item["key"]: _value(item["value"]) for item in items}


def _hex(identifier: str) -> str:
    """Decode the protobuf-JSON form of an id (base64); an id that is hexadecimal already stays."""
    if not identifier:
        return ""
    try:
        return base64.b64decode(identifier, validate=True).hex()
    except binascii.Error:
        return identifier


def _spans(document: dict[str, Any]) -> Iterator[Span]:
    for batch in document.get("batches", []):
        service = _attributes(batch["resource"].get("attributes", [])).get("service.name", "")
        for scope in batch.get("scopeSpans", []):
            for span in scope["spans"]:
                start, end = int(span["startTimeUnixNano"]) / 1e9, int(span["endTimeUnixNano"]) / 1e9
                yield Span(
                    _hex(span["spanId"]),
                    _hex(span.get("parentSpanId", "")),
                    span["name"],
                    service,
                    start,
                    end - start,
                    _attributes(span.get("attributes", [])),
                    span.get("status", {}).get("code", "STATUS_CODE_UNSET").removeprefix("STATUS_CODE_").lower(),
                )
