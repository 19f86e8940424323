# SPDX-License-Identifier: Apache-2.0
"""The same service under different telemetry; each module has `create`, for Gunicorn, and `flush`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

TRACES_AND_METRICS: Final = ("traces", "metrics")


@dataclass(frozen=True)
class Variant:
    """What the page calls it, what it exports, and the settings that make it what it is."""

    title: str
    exports: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


# In the order of the page.
VARIANTS: Final = {
    "bare": Variant("bare: no telemetry at all"),
    "standard": Variant(
        "`standard`: the service as it is by default", TRACES_AND_METRICS, {"TELEMETRY_PIPELINE": "standard"}
    ),
    "light": Variant(
        "`light`: the service with TELEMETRY_PIPELINE=light", TRACES_AND_METRICS, {"TELEMETRY_PIPELINE": "light"}
    ),
    "classic": Variant("classic: Prometheus histogram and JSON line, no traces"),
    "stock": Variant("default OpenTelemetry: both instrumentors, two metric readers, JSON line", TRACES_AND_METRICS),
    # Its own default is gRPC, for whose package there is no other use here.
    "zero_code": Variant(
        "zero-code: what `opentelemetry-instrument` adds, and the JSON line",
        (*TRACES_AND_METRICS, "logs"),
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
    ),
}
MODES: Final = ("standard", "light")
DEFAULT: Final = "stock"  # what `standard` is held against
# `standard` without one of the ideas that keep it cheap (bench/cost/ideas.py): only their instructions are counted.
STANDARD: Final = VARIANTS["standard"].settings
WITHOUT: Final = {
    "standard_sqlalchemy": Variant("with SQLAlchemy's instrumentor", TRACES_AND_METRICS, STANDARD),
    "standard_log_record": Variant("with a log record", TRACES_AND_METRICS, STANDARD),
    "standard_self_metrics": Variant("with measurements of each span", TRACES_AND_METRICS, STANDARD),
    "standard_pings": Variant("with pings", TRACES_AND_METRICS, STANDARD),
}
COUNTED: Final = {**VARIANTS, **WITHOUT}
