# SPDX-License-Identifier: Apache-2.0
"""Queries Loki for counts and lines."""

from dataclasses import dataclass

from stack.backends.http import get_json
from stack.backends.prometheus import Sample

PAGE_LINES = 5000  # Loki's own default limit for one answer
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class LogLine:
    """One stored line with its stream labels and structured metadata."""

    timestamp_ns: int
    text: str
    labels: dict[str, str]


class Loki:
    """Loki's HTTP API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """Evaluate an instant metric query; `at` is in Unix seconds, default now."""
        parameters = {"query": expression} | ({"time": int(at * NANOSECONDS)} if at else {})
        result = get_json(f"{self.url}/loki/api/v1/query", parameters)["data"]["result"]
        return [Sample(row["metric"], float(row["value"][1])) for row in result]

    def lines(self, selector: str, start: float, end: float) -> list[LogLine]:
        """Read every line of a selector between two Unix times, oldest first, page by page."""
        found: list[LogLine] = []
        from_ns, until_ns = int(start * NANOSECONDS), int(end * NANOSECONDS)
        while True:
            page = self._page(selector, from_ns, until_ns)
            # The next page starts at the last timestamp again: lines that share it may have been cut off.
            known = {(line.timestamp_ns, line.text) for line in found if line.timestamp_ns == from_ns}
            fresh = [line for line in page if (line.timestamp_ns, line.text) not in known]
            found.extend(fresh)
            if len(page) < PAGE_LINES or not fresh:
                return found
            from_ns = page[-1].timestamp_ns

    def _page(self, selector: str, from_ns: int, until_ns: int) -> list[LogLine]:
        parameters = {
            "query": selector,
            "start": from_ns,
            "end": until_ns,
            "limit": PAGE_LINES,
            "direction": "forward",
        }
        streams = get_json(f"{self.url}/loki/api/v1/query_range", parameters)["data"]["result"]
        lines = [
            LogLine(int(timestamp), text, stream["stream"])
            for stream in streams
            for timestamp, text, *_ in stream["values"]
        ]
        return sorted(lines, key=lambda line: line.timestamp_ns)
