# SPDX-License-Identifier: Apache-2.0
"""Fill in what Grafana fills in: its macros, a dashboard's variables, and what a click stands for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

VARIABLE = re.compile(r"\$\{(?P<braced>[\w.]+)(?::(?P<format>\w+))?\}|\$(?P<plain>[A-Za-z_]\w*)")
# The data source's timeInterval: how often samples come.
SAMPLE_SECONDS = 5
RATE_SAMPLES = 4


class UnknownVariableError(ValueError):
    """A query has a variable that nothing fills in."""


@dataclass(frozen=True)
class Window:
    """The time that a dashboard shows, in Unix seconds."""

    start: float
    end: float
    step_seconds: int = 15

    def macros(self) -> dict[str, str]:
        """Give the values of Grafana's own macros."""
        interval = f"{self.step_seconds}s"
        return {
            "__interval": interval,
            "__auto": interval,
            "__rate_interval": f"{max(self.step_seconds + SAMPLE_SECONDS, RATE_SAMPLES * SAMPLE_SECONDS)}s",
            "__range": f"{int(self.end - self.start)}s",
            "__from": str(int(self.start * 1000)),
            "__to": str(int(self.end * 1000)),
        }


@dataclass(frozen=True)
class Click:
    """The clicked element: a series, an exemplar, a log line or a span of this request."""

    trace_id: str
    route: str
    worker: str
    operation: str = "SELECT"

    def values(self) -> dict[str, str]:
        """Give the values of the variables that Grafana takes from the clicked thing."""
        return {
            "__value.raw": self.trace_id,
            "__trace.traceId": self.trace_id,
            "__field.labels.http_route": self.route,
            "__field.labels.instance": self.worker,
            "__field.labels.db_operation_name": self.operation,
            "__data.fields.http_route": self.route,
            "http_route": self.route,
            "span.service.name": "loan-service",
            "span.http.route": self.route,
        }


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace every variable by its value; refuse one that has none."""

    def value(match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        if name not in values:
            raise UnknownVariableError(f"nothing fills in {match[0]} in {text}")
        return quote(values[name], safe="") if match["format"] == "percentencode" else values[name]

    return VARIABLE.sub(value, text)


def fill_known(text: str, values: Mapping[str, str]) -> str:
    """Replace the variables that have a value and leave the others."""

    def value(match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        return fill(match[0], values) if name in values else match[0]

    return VARIABLE.sub(value, text)
