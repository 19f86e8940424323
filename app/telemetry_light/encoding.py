# SPDX-License-Identifier: Apache-2.0
"""Spans as OTLP: the wire format of opentelemetry/proto/trace/v1/trace.proto, written directly.

The SDK builds a tree of message objects for a batch and serialises that, which takes ten times as long and holds the
interpreter meanwhile. Here the thread that ends a span encodes it (queue.py). Tests read the bytes with the protocol's
own message classes.
"""

import functools
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue

from app.telemetry import semconv
from app.telemetry.safety import log_failure
from app.telemetry_light.record import SpanEvent, SpanRecord, Template

# A field's tag is 8 times its number, plus how it is written: 0 varint, 1 eight bytes, 2 length and bytes, 5 four.
REQUEST_RESOURCE_SPANS, RESOURCE_SPANS_RESOURCE, RESOURCE_SPANS_SCOPE_SPANS = b"\x0a", b"\x0a", b"\x12"
RESOURCE_ATTRIBUTES, SCOPE_SPANS_SCOPE, SCOPE_SPANS_SPANS, SCOPE_NAME = b"\x0a", b"\x0a", b"\x12", b"\x0a"
IDS: Final = struct.Struct(">H16sHQ")  # of the trace and of the span: their tags, lengths, and bytes as they are
TRACE_ID, SPAN_ID = 0x0A10, 0x1208
TRACE_STATE, PARENT_ID, NAME, KIND = b"\x1a", b"\x22\x08", b"\x2a", b"\x30"
START_AND_END: Final = struct.Struct("<BQBQ")
START, END, EVENT_TIME = 0x39, 0x41, 0x09
ATTRIBUTE, EVENT, EVENT_NAME, EVENT_ATTRIBUTE = b"\x4a", b"\x5a", b"\x12", b"\x1a"
STATUS_IS_ERROR: Final = b"\x7a\x02\x18\x02"
# Sampled (1), "the next bit is valid" (0x100), and "the parent is remote" (0x200).
FLAGS_LOCAL, FLAGS_REMOTE = (b"\x85\x01" + struct.pack("<I", flags) for flags in (0x101, 0x301))
KINDS: Final = {kind: KIND + bytes([kind.value + 1]) for kind in SpanKind}
KEY, VALUE = b"\x0a", b"\x12"
TEXT, TRUTH, WHOLE, REAL, LIST, LIST_ELEMENT = b"\x0a", b"\x10", b"\x18", b"\x21", b"\x2a", b"\x0a"
WHOLE_LIMIT: Final = 2**63
SHORT: Final = tuple(bytes([number]) for number in range(0x80))  # the numbers of one byte
TWO_BYTES: Final = 0x4000  # below it are the lengths of most spans
# Not cached: values that differ in almost every span would evict the others.
UNIQUE: Final = frozenset({semconv.URL_PATH, semconv.LOAN_BORROWER_ID, semconv.LOAN_ID, semconv.LOAN_TRANSACTION_ID})


class RequestEncoder:
    """Writes export requests of one resource."""

    def __init__(self, resource: Mapping[str, AttributeValue], scope: str) -> None:
        attributes = b"".join([member(RESOURCE_ATTRIBUTES, pair(key, value)) for key, value in resource.items()])
        self._resource = member(RESOURCE_SPANS_RESOURCE, attributes)
        self._scope = member(SCOPE_SPANS_SCOPE, text(SCOPE_NAME, scope))

    def encode(self, spans: Iterable[bytes]) -> bytes:
        """Write an ExportTraceServiceRequest of encoded spans."""
        scope_spans = member(RESOURCE_SPANS_SCOPE_SPANS, self._scope + b"".join(spans))
        return member(REQUEST_RESOURCE_SPANS, self._resource + scope_spans)


def encode_span(span: SpanRecord) -> bytes:
    """Encode one span; if one of its values cannot be encoded, the span without attributes and events."""
    try:
        return member(SCOPE_SPANS_SPANS, _span(span))
    except Exception as error:  # noqa: BLE001  # a value's own code may raise anything
        alone = member(SCOPE_SPANS_SPANS, _span(span._replace(attributes={}, events=(), trace_state="")))
        log_failure("encoding_a_span", error)
        return alone


def _span(span: SpanRecord) -> bytes:
    template, trace_id, span_id, parent_id, start, end, attributes, failed, events, remote, trace_state = span
    parts = [
        IDS.pack(TRACE_ID, trace_id.to_bytes(16, "big"), SPAN_ID, span_id),
        template.encoded or _template(template),
        START_AND_END.pack(START, start, END, end),
        FLAGS_REMOTE if remote else FLAGS_LOCAL,
    ]
    if parent_id:
        parts += (PARENT_ID, parent_id.to_bytes(8, "big"))
    if trace_state:
        parts.append(text(TRACE_STATE, trace_state))
    for key, value in attributes.items():
        try:
            parts.append(_unique_attribute(key, value) if key in UNIQUE else _repeated_attribute(key, value))
        except TypeError:  # a list: it cannot be looked up
            parts.append(_attribute(key, value))
    if events:
        parts += [member(EVENT, _event(event)) for event in events]
    if failed:
        parts.append(STATUS_IS_ERROR)
    return b"".join(parts)


def member(tag: bytes, content: bytes) -> bytes:
    """Write a length-delimited field."""
    return tag + varint(len(content)) + content


def text(tag: bytes, value: str) -> bytes:
    """Write a text field; a lone surrogate becomes a question mark, as the protocol requires valid Unicode."""
    return member(tag, value.encode("utf-8", "replace"))


def varint(number: int) -> bytes:
    """Write a varint from 0 to 2**64 - 1: seven bits a byte, the lowest first."""
    if number < len(SHORT):
        return SHORT[number]
    if number < TWO_BYTES:
        return bytes((number & 0x7F | 0x80, number >> 7))
    written = bytearray()
    while number >= len(SHORT):
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def pair(key: str, value: AttributeValue) -> bytes:
    """Write a KeyValue."""
    written = any_value(value)
    return _key(key) + VALUE + varint(len(written)) + written


def any_value(value: object) -> bytes:
    """Write an AnyValue; a value of a type that OTLP lacks is written as its str()."""
    if isinstance(value, str):
        return text(TEXT, value)
    if isinstance(value, bool):
        return TRUTH + varint(value)
    if isinstance(value, int) and -WHOLE_LIMIT <= value < WHOLE_LIMIT:
        return WHOLE + varint(value & 0xFFFF_FFFF_FFFF_FFFF)  # two's complement
    if isinstance(value, float):
        return REAL + struct.pack("<d", value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return member(LIST, b"".join([member(LIST_ELEMENT, any_value(each)) for each in value]))
    return text(TEXT, str(value))


@functools.lru_cache(maxsize=256)
def _key(key: str) -> bytes:
    return text(KEY, key)


def _template(template: Template) -> bytes:
    attributes = [_attribute(key, value) for key, value in template.attributes.items()]
    template.encoded = text(NAME, template.name) + KINDS[template.kind] + b"".join(attributes)
    return template.encoded


def _attribute(key: str, value: AttributeValue) -> bytes:
    return member(ATTRIBUTE, pair(key, value))


def _unique_attribute(key: str, value: AttributeValue) -> bytes:
    if not isinstance(value, str):
        return _attribute(key, value)
    written = value.encode("utf-8", "replace")
    return _before_text(key, len(written)) + written


@functools.lru_cache(maxsize=256)
def _before_text(key: str, length: int) -> bytes:
    """Write the bytes before a text of this length; cached, as most texts of a key have one of few lengths."""
    value = TEXT + varint(length)
    content = _key(key) + VALUE + varint(len(value) + length) + value
    return ATTRIBUTE + varint(len(content) + length) + content


# The type is part of the key: else 1, 1.0 and True would be equal.
_repeated_attribute = functools.lru_cache(maxsize=2048, typed=True)(_attribute)


def _event(event: SpanEvent) -> bytes:
    attributes = [member(EVENT_ATTRIBUTE, pair(key, value)) for key, value in event.attributes.items()]
    return struct.pack("<BQ", EVENT_TIME, event.time) + text(EVENT_NAME, event.name) + b"".join(attributes)
