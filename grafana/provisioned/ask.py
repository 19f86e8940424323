# SPDX-License-Identifier: Apache-2.0
"""Runs a provisioned query on a live server, and checks whether the answer has data."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grafana.provisioned.query import Query, Way
from grafana.provisioned.variables import Click, UnknownVariableError, Window, fill
from stack.backends.http import BackendError, get_json

LABEL_VALUES = re.compile(r"label_values\((?P<series>.+),\s*(?P<label>\w+)\)")
NANOSECONDS = 1_000_000_000


class Status(StrEnum):
    """What came back."""

    OK = "ok"
    EMPTY = "empty"
    ERROR = "error"


@dataclass(frozen=True)
class Answer:
    """A query as it was sent, and what came back."""

    query: Query
    sent: str
    status: Status
    detail: str = ""


def ask(query: Query, servers: Mapping[str, str], window: Window, click: Click) -> Answer:
    """Fill in a query, run it on its server (base URLs by data source uid), and judge the answer: zeros are data."""
    try:
        sent = fill(query.text, window.macros() | click.values())
    except UnknownVariableError as error:
        return Answer(query, query.text, Status.ERROR, str(error))
    try:
        found = any(_values(query, servers[query.source.uid], sent, window))
    except (BackendError, KeyError) as error:
        return Answer(query, sent, Status.ERROR, f"{type(error).__name__}: {error}")
    return Answer(query, sent, Status.OK if found else Status.EMPTY)


def _values(query: Query, server: str, sent: str, window: Window) -> Iterator[bool]:
    return WAYS[query.source.type, query.way](server, sent, window)


def _prometheus_graph(server: str, sent: str, window: Window) -> Iterator[bool]:
    parameters = {"query": sent, "start": window.start, "end": window.end, "step": window.step_seconds}
    return _numbers(get_json(f"{server}/api/v1/query_range", parameters))


def _prometheus_now(server: str, sent: str, window: Window) -> Iterator[bool]:
    return _numbers(get_json(f"{server}/api/v1/query", {"query": sent, "time": window.end}))


def _prometheus_exemplars(server: str, sent: str, window: Window) -> Iterator[bool]:
    parameters = {"query": sent, "start": window.start, "end": window.end}
    rows = get_json(f"{server}/api/v1/query_exemplars", parameters)["data"]
    return ("trace_id" in exemplar["labels"] for row in rows for exemplar in row["exemplars"])


def _prometheus_label_values(server: str, sent: str, window: Window) -> Iterator[bool]:
    match = LABEL_VALUES.fullmatch(sent)
    if match is None:
        raise BackendError(f"not understood as a question for label values: {sent}")
    parameters = {"match[]": match["series"], "start": window.start, "end": window.end}
    return (bool(value) for value in get_json(f"{server}/api/v1/label/{match['label']}/values", parameters)["data"])


def _loki_graph(server: str, sent: str, window: Window) -> Iterator[bool]:
    parameters = {
        "query": sent,
        "start": int(window.start * NANOSECONDS),
        "end": int(window.end * NANOSECONDS),
        "step": window.step_seconds,
        "limit": 100,
    }
    return _numbers(get_json(f"{server}/loki/api/v1/query_range", parameters))


def _loki_now(server: str, sent: str, window: Window) -> Iterator[bool]:
    return _numbers(get_json(f"{server}/loki/api/v1/query", {"query": sent, "time": int(window.end * NANOSECONDS)}))


def _tempo_search(server: str, sent: str, window: Window) -> Iterator[bool]:
    parameters = {"q": sent, "start": int(window.start), "end": int(window.end), "limit": 20}
    return (bool(trace["traceID"]) for trace in get_json(f"{server}/api/search", parameters).get("traces") or [])


def _tempo_span_metrics(server: str, sent: str, window: Window) -> Iterator[bool]:
    step = f"{window.step_seconds}s"
    parameters = {"q": sent, "start": int(window.start), "end": int(window.end), "step": step, "exemplars": 0}
    rows = get_json(f"{server}/api/metrics/query_range", parameters).get("series") or []
    return (_is_number(sample.get("value", 0)) for row in rows for sample in row["samples"])


def _tempo_trace(server: str, sent: str, _: Window) -> Iterator[bool]:
    return (bool(batch["scopeSpans"]) for batch in get_json(f"{server}/api/traces/{sent}").get("batches", []))


def _numbers(document: Mapping[str, Any]) -> Iterator[bool]:
    """Look at every value; a log line is one too."""
    data = document["data"]
    for row in data["result"]:
        for _, value, *_ in row.get("values") or [row["value"]]:
            yield data["resultType"] == "streams" or _is_number(value)


def _is_number(value: str | float) -> bool:
    return not math.isnan(float(value))


WAYS: dict[tuple[str, Way], Callable[[str, str, Window], Iterator[bool]]] = {
    ("prometheus", Way.GRAPH): _prometheus_graph,
    ("prometheus", Way.NOW): _prometheus_now,
    ("prometheus", Way.EXEMPLARS): _prometheus_exemplars,
    ("prometheus", Way.LABEL_VALUES): _prometheus_label_values,
    ("loki", Way.GRAPH): _loki_graph,
    ("loki", Way.NOW): _loki_now,
    ("tempo", Way.SEARCH): _tempo_search,
    ("tempo", Way.SPAN_METRICS): _tempo_span_metrics,
    ("tempo", Way.TRACE): _tempo_trace,
}
