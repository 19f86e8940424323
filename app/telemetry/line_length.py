# SPDX-License-Identifier: Apache-2.0
"""Shortens log lines that the collector would cut in the middle of their JSON."""

from collections.abc import Callable
from typing import Any

# Bytes: half of the collector's limit, 64 KiB (otel/collector.yaml). A usual line has 400, one with a stack 10,000.
MOST_LINE_BYTES = 32 * 1024
MOST_FIELD_BYTES = 8 * 1024
CUT = " [...] "  # replaces the part that is cut
LEFT_OUT = "fields_left_out"  # how many fields were left out because all together were too long
ROOM_FOR_IT = 64

Encode = Callable[[Any], str]


def shortened(fields: dict[str, Any], encode: Encode) -> dict[str, Any]:
    """Cut the middle of each long field, and drop the last fields when there are too many.

    Sizes are those of the encoded text, which is ASCII.
    """
    kept: dict[str, Any] = {}
    size = ROOM_FOR_IT
    for name, value in fields.items():
        short = _short(value, encode)
        size += len(encode(name)) + len(encode(short)) + len(": , ")
        if size > MOST_LINE_BYTES:
            return {**kept, LEFT_OUT: len(fields) - len(kept)}
        kept[name] = short
    return kept


def _short(value: object, encode: Encode) -> object:
    text = encode(value)
    if len(text) <= MOST_FIELD_BYTES:
        return value
    short = whole = value if isinstance(value, str) else text
    keep = MOST_FIELD_BYTES // 2
    while len(encode(short)) > MOST_FIELD_BYTES:
        keep = keep * 3 // 4  # characters at each end: one has up to 12 bytes, encoded
        short = f"{whole[:keep]}{CUT}{whole[-keep:]}"
    return short
