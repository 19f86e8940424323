# SPDX-License-Identifier: Apache-2.0
"""Grafana's own API: what it was given in files, and what its data sources answer through it."""

import urllib.parse
from dataclasses import dataclass
from typing import Any

from tests.compose.asking import SmokeError, ask

# What Grafana's server passes on to Tempo as it is; the browser does the rest.
SEARCH, METRICS = "/api/search", "/api/metrics/query_range"
SERVICE_MAP = {"refId": "A", "expr": "sum(traces_service_graph_request_total)", "instant": True}


@dataclass(frozen=True)
class Grafana:
    """One Grafana and the login to it, as user:password."""

    url: str
    login: str

    def get(self, path: str, body: object = None) -> Any:  # noqa: ANN401  # whatever JSON holds
        """Send a request, and raise with Grafana's message unless it succeeds."""
        status, answer = ask(f"{self.url}{path}", body, self.login)
        if status != 200:
            raise SmokeError(f"{path}: {status} {str(answer)[:300]}")
        return answer

    def run(self, query: dict[str, Any]) -> bool:
        """Run a panel's query over the last minutes, and return whether the answer has data."""
        if query["datasource"]["uid"] != "tempo":
            return self._run_by_server(query)
        if query["queryType"] == "serviceMap":
            return self._run_by_server({"datasource": {"uid": "prometheus"}, **SERVICE_MAP})
        path = METRICS if "|" in query["query"] else SEARCH
        parameters = urllib.parse.urlencode({"q": query["query"]})
        answer = self.get(f"/api/datasources/proxy/uid/tempo{path}?{parameters}")
        return bool(answer.get("traces") or answer.get("series"))

    def _run_by_server(self, query: dict[str, Any]) -> bool:
        answer = self.get("/api/ds/query", {"queries": [query], "from": "now-15m", "to": "now"})
        frames = [frame for result in answer["results"].values() for frame in result.get("frames", [])]
        return any(any(frame["data"]["values"]) for frame in frames)
