# SPDX-License-Identifier: Apache-2.0
"""One query of a provisioned file, and the kind of request that it needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self


class Kind(StrEnum):
    """What a query is for."""

    PANEL = "panel"
    EXEMPLARS = "exemplars"
    ANNOTATION = "annotation"
    VARIABLE = "variable"
    ALERT = "alert"
    LINK = "link"
    RUNBOOK = "runbook"


class Way(StrEnum):
    """The kinds of request to a server."""

    GRAPH = "over time"
    NOW = "now"
    EXEMPLARS = "exemplars"
    LABEL_VALUES = "label values"
    SEARCH = "trace search"
    SPAN_METRICS = "metrics from spans"
    TRACE = "one trace"


@dataclass(frozen=True)
class Source:
    """A data source: its uid, and its type."""

    uid: str
    type: str


@dataclass(frozen=True)
class Query:
    """A query with its variables still in it."""

    where: str
    kind: Kind
    source: Source
    way: Way
    text: str

    def exemplars(self) -> Self:
        """Return the query that Grafana sends for the exemplars of a graph."""
        return replace(self, kind=Kind.EXEMPLARS, way=Way.EXEMPLARS)


Sources = Mapping[str, Source]
# What Grafana queries in Prometheus when a panel shows Tempo's service graph.
SERVICE_GRAPH = "sum by (client, server) (rate(traces_service_graph_request_total[$__range]))"
SPAN_FUNCTIONS = re.compile(r"\|\s*(rate|count_over_time|\w+_over_time|compare)\s*\(")
TRACE_ID = re.compile(r"[0-9a-f]{32}|\$\{[^}]+\}")


def of_target(where: str, kind: Kind, source: Source, target: Mapping[str, Any], sources: Sources) -> Query:
    """Read a query as Grafana's panels, alerts and links write it."""
    if source.type == "tempo":
        return _of_tempo(where, kind, source, target, sources)
    now = target.get("instant") or target.get("queryType") == "instant"
    return Query(where, kind, source, Way.NOW if now else Way.GRAPH, target["expr"])


def _of_tempo(where: str, kind: Kind, source: Source, target: Mapping[str, Any], sources: Sources) -> Query:
    if target.get("queryType") == "serviceMap":
        metrics = next(other for other in sources.values() if other.type == "prometheus")
        return Query(where, kind, metrics, Way.GRAPH, SERVICE_GRAPH)
    text = target["query"]
    if TRACE_ID.fullmatch(text):
        return Query(where, kind, source, Way.TRACE, text)
    return Query(where, kind, source, Way.SPAN_METRICS if SPAN_FUNCTIONS.search(text) else Way.SEARCH, text)
