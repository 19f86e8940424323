# SPDX-License-Identifier: Apache-2.0
"""A server whose collector is away: the duration of its requests and of its stop."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

from tests.telemetry.server import Server, serving
from tests.tries import until_good

# A request takes milliseconds, and one that waited for an export would take 2 s.
SLOWEST_SECONDS = 1.0
MEDIAN_SECONDS = 0.5
# Gunicorn waits so long for a worker before it kills it (graceful_timeout); what takes longer was killed.
STOP_SECONDS = 5.0

Use = Callable[[Server], tuple[list[float], float]]


@dataclass(frozen=True, repr=False)
class Outage:
    """A server that has been stopped, the durations of its requests, and that of its stop."""

    server: Server
    durations: list[float]
    stop_seconds: float

    def unfelt(self) -> bool:
        """Return whether neither a request nor the stop has waited for the collector."""
        slowest, usual = max(self.durations), median(self.durations)
        return slowest < SLOWEST_SECONDS and usual < MEDIAN_SECONDS and self.stop_seconds < STOP_SECONDS

    def __repr__(self) -> str:
        slowest, usual = max(self.durations), median(self.durations)
        requests = f"{len(self.durations)} requests, slowest {slowest:.2f} s, median {usual:.3f} s"
        return f"{requests}; stopped in {self.stop_seconds:.1f} s"


def outage(folder: Path, endpoint: str, use: Use) -> Outage:
    """Use and stop a server that pushes to an endpoint; again, and a fresh one, where something was felt."""

    def once() -> Outage:
        with serving(Path(mkdtemp(dir=folder)), OTEL_EXPORTER_OTLP_ENDPOINT=endpoint) as server:
            return Outage(server, *use(server))

    return until_good(once, Outage.unfelt)
