# SPDX-License-Identifier: Apache-2.0
"""Spans as a collector reads them: export requests, decoded by the protocol's own message classes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

KINDS = {Span.SpanKind.Value(f"SPAN_KIND_{kind.name}"): kind for kind in SpanKind}
STATUSES = {Status.StatusCode.Value(f"STATUS_CODE_{code.name}"): code for code in StatusCode}


@dataclass(frozen=True)
class EventSeen:
    """An event of a span."""

    name: str
    timestamp: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class SpanSeen:
    """A span as it left the process."""

    name: str
    kind: SpanKind
    context: SpanContext
    parent: SpanContext | None
    start_time: int
    end_time: int
    attributes: Mapping[str, Any]
    events: list[EventSeen]
    status: StatusCode
    resource: Mapping[str, Any]
    trace_state: str

    @property
    def text(self) -> str:
        """Return all of its content as text."""
        return repr(self)


@dataclass
class SpansSeen:
    """Keeps export requests, and decodes them on access."""

    requests: list[bytes] = field(default_factory=list)

    def take(self, request: bytes) -> None:
        """Keep an export request."""
        self.requests.append(request)

    def get_finished_spans(self) -> list[SpanSeen]:
        """Read all spans."""
        return [span for request in self.requests for span in decoded(request)]


def decoded(request: bytes) -> Iterator[SpanSeen]:
    """Read the spans of an export request."""
    for batch in ExportTraceServiceRequest.FromString(request).resource_spans:
        resource = attributes(batch.resource.attributes)
        for scope in batch.scope_spans:
            yield from (_span(span, resource) for span in scope.spans)


def _span(span: Span, resource: Mapping[str, Any]) -> SpanSeen:
    trace_id, remote = int.from_bytes(span.trace_id, "big"), bool(span.flags & 0x200)
    parent = int.from_bytes(span.parent_span_id, "big")
    return SpanSeen(
        span.name,
        KINDS[span.kind],
        SpanContext(trace_id, int.from_bytes(span.span_id, "big"), is_remote=False),
        SpanContext(trace_id, parent, is_remote=remote) if parent else None,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        attributes(span.attributes),
        [EventSeen(event.name, event.time_unix_nano, attributes(event.attributes)) for event in span.events],
        STATUSES[span.status.code],
        resource,
        span.trace_state,
    )


def attributes(pairs: Any) -> dict[str, Any]:  # noqa: ANN401  # protobuf's own container has no name
    """Read attributes, each of which may be there once."""
    read = {pair.key: value(pair.value) for pair in pairs}
    assert len(read) == len(pairs)
    return read


def value(of: AnyValue) -> Any:  # noqa: ANN401  # any value is what it is
    """Read a value: lists as tuples, maps as dictionaries, an empty one as None."""
    kind = of.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return tuple(value(each) for each in of.array_value.values)
    if kind == "kvlist_value":
        return attributes(of.kvlist_value.values)
    return getattr(of, kind)
