# SPDX-License-Identifier: Apache-2.0
"""An ended span that contains only what may be exported."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue


class Template:
    """What many spans have in common; the encoder caches its encoded form here."""

    __slots__ = ("attributes", "encoded", "kind", "name")

    def __init__(self, name: str, kind: SpanKind, attributes: Mapping[str, AttributeValue]) -> None:
        self.name = name
        self.kind = kind
        self.attributes = attributes
        self.encoded = b""


class SpanEvent(NamedTuple):
    """An event of a span; the time in nanoseconds since 1970."""

    name: str
    time: int
    attributes: Mapping[str, AttributeValue]


class SpanRecord(NamedTuple):
    """The exported data of a span; times in nanoseconds since 1970, 0 is no parent."""

    template: Template
    trace_id: int
    span_id: int
    parent_id: int
    start: int
    end: int
    attributes: Mapping[str, AttributeValue]  # beside the template's
    failed: bool = False
    events: Sequence[SpanEvent] = ()
    remote: bool = False  # the parent is another service's
    trace_state: str = ""
