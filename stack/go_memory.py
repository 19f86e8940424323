# SPDX-License-Identifier: Apache-2.0
"""GOMEMLIMIT of the servers in Go: above it, Go's garbage collector works more instead of taking more memory."""

from __future__ import annotations

from typing import Final

# In MiB: 80 % of the container's limit in docker-compose.yml, as the rest is for what the collector of garbage doesn't
# see, like stacks and mapped files. The collector of telemetry: 80 % of its memory_limiter's limit.
LIMITS_MIB: Final = {
    "prometheus": 819,
    "loki": 819,
    "tempo": 614,
    "otelcol": 320,
    "alertmanager": 102,
    "mailpit": 102,
    "postgres-exporter": 51,
    "nginx-exporter": 51,
    "grafana": 819,
}
# In percent: by how much the heap may grow between two collections (default 100). What Tempo allocates to complete a
# block, 110 MB, is garbage a second later.
GROWTH_PERCENT: Final = {"tempo": 25, "loki": 50}


def go_memory(service: str) -> dict[str, str]:
    """Give the variables that bound a server's memory."""
    growth = {"GOGC": str(GROWTH_PERCENT[service])} if service in GROWTH_PERCENT else {}
    return {"GOMEMLIMIT": f"{LIMITS_MIB[service]}MiB", **growth}
