# SPDX-License-Identifier: Apache-2.0
"""Queries Prometheus for values, exemplars, targets and alerts."""

from dataclasses import dataclass
from typing import Any

from stack.backends.http import get_json


@dataclass(frozen=True)
class Sample:
    """One series of an instant query."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Series:
    """The stored samples of one series as pairs of Unix time and value, oldest first."""

    labels: dict[str, str]
    samples: list[tuple[float, float]]


@dataclass(frozen=True)
class Exemplar:
    """One measured event behind a histogram bucket, with the trace it belongs to."""

    series: dict[str, str]
    trace_id: str
    value: float
    timestamp: float


class Prometheus:
    """Prometheus' HTTP API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """Evaluate an instant query; `at` is in Unix seconds, default now."""
        result = self._data("query", {"query": expression} | ({"time": at} if at else {}))["result"]
        return [Sample(row["metric"], float(row["value"][1])) for row in result]

    def query_range(self, expression: str, start: float, end: float, step_seconds: float) -> list[dict[str, Any]]:
        """Evaluate a range query and return Prometheus' own matrix rows."""
        rows: list[dict[str, Any]] = self._data(
            "query_range", {"query": expression, "start": start, "end": end, "step": step_seconds}
        )["result"]
        return rows

    def series(self, selector: str, start: float, end: float) -> list[Series]:
        """List the samples of a selector as they are stored, after one Unix time and until another."""
        milliseconds = round((end - start) * 1000)
        result = self._data("query", {"query": f"{selector}[{milliseconds}ms]", "time": end})["result"]
        return [Series(row["metric"], [(at, float(value)) for at, value in row["values"]]) for row in result]

    def exemplars(self, selector: str, start: float, end: float) -> list[Exemplar]:
        """List the exemplars of a selector between two Unix times, oldest first; ids are padded to 32 hex digits."""
        series = self._data("query_exemplars", {"query": selector, "start": start, "end": end})
        found = [
            Exemplar(
                row["seriesLabels"],
                item["labels"]["trace_id"].zfill(32),
                float(item["value"]),
                float(item["timestamp"]),
            )
            for row in series
            for item in row["exemplars"]
        ]
        return sorted(found, key=lambda exemplar: exemplar.timestamp)

    def targets(self) -> dict[str, str]:
        """Map each scrape job to the health of its target."""
        return {target["labels"]["job"]: target["health"] for target in self._data("targets", {})["activeTargets"]}

    def firing_alerts(self) -> set[str]:
        """Name the alerts that fire now."""
        alerts = self._data("alerts", {})["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def _data(self, endpoint: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401  # JSON is what it is
        return get_json(f"{self.url}/api/v1/{endpoint}", parameters)["data"]
