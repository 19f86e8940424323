# SPDX-License-Identifier: Apache-2.0
"""The signals that the small app emits, and that must therefore arrive."""

from typing import Any, Final

SCOPE: Final = "shop.pricing"
VERSION: Final = "1.2.3"
SCHEMA_URL: Final = "https://shop.example/schemas/1.2.3"
SECOND: Final = 1_000_000_000
EVENT_TIME: Final = 1_700_000_000 * SECOND + 7
LINKED: Final = (0xABCD << 64, 0x1234)
# Each type that OpenTelemetry's API takes as the value of an attribute.
ATTRIBUTES: Final[dict[str, Any]] = {
    "shop.text": "text",
    "shop.unicode": "Grüße \N{SNOWMAN}",
    "shop.flag": True,
    "shop.count": 2**40,
    "shop.negative": -1,
    "shop.ratio": 0.25,
    "shop.bytes": b"\x00\xff",
    "shop.texts": ("a", "b"),
    "shop.flags": (True, False),
    "shop.counts": (1, 2),
    "shop.ratios": (0.5, 1.5),
    "shop.none": (),
    "shop.map": {"shop.inner": 1, "shop.list": ("x",)},
}
CHANGED: Final = {"shop.late": "late", "shop.later": 1, "shop.text": "replaced"}
