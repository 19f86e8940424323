# SPDX-License-Identifier: Apache-2.0
"""Our defaults for OpenTelemetry's own variables: the SDK uses one where its variable is not set."""

import os
from collections.abc import Mapping
from typing import Final

DEFAULTS: Final[Mapping[str, str]] = {
    # The stable names of HTTP and database attributes; without it the instrumentors use those of 2021.
    "OTEL_SEMCONV_STABILITY_OPT_IN": "http,database",
    # Seconds in Python's SDK. A worker has 2 s for its last export, and a collector on the same host answers within ms.
    "OTEL_EXPORTER_OTLP_TIMEOUT": "2",
    # A batch shrinks to a tenth, for a millisecond of CPU.
    "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    # Milliseconds. A panel shows a change within two of them; the SDK's default is a minute.
    "OTEL_METRIC_EXPORT_INTERVAL": "5000",
    # Milliseconds. A trace can be looked at a second after its request; the SDK's default is five.
    "OTEL_BSP_SCHEDULE_DELAY": "1000",
    # Encoding a span takes about 40 us of Python: 128 of them hold the interpreter for 5 ms, the SDK's 512 for 20 ms.
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "128",
    # Characters; unlimited by default. Our longest statement has 1,700.
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "4096",
}


def hand_over(given: Mapping[str, str]) -> None:
    """Let the SDK find in the environment what was given to the service, and our defaults for the rest.

    An empty variable counts as unset, as the specification has it: compose passes unset ones on empty, and the SDK
    takes some of those for numbers.
    """
    for name in [name for name, value in os.environ.items() if name.startswith("OTEL_") and not value.strip()]:
        del os.environ[name]
    os.environ.update({**DEFAULTS, **{name: os.environ[name] for name in DEFAULTS if name in os.environ}, **given})
