# SPDX-License-Identifier: Apache-2.0
"""Counts of what grows with each new kind of signal in the backends: series, span names, routes, log streams."""

import time
from dataclasses import dataclass

from stack.backends import Loki, Prometheus, Tempo
from stack.backends.http import get_json
from stack.runner import Stack

SERVICE = "loan-service"
LOOK_BACK_SECONDS = 7200  # the whole session
COUNT = "http_server_request_duration_seconds_count"
Shape = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Seen:
    """What the backends keep about the service, apart from how often."""

    series: set[Shape]
    everything: set[Shape]
    span_names: set[str]
    server_names: set[str]
    routes: set[str]
    streams: set[Shape]


def answered(prometheus: Prometheus) -> int:
    """Count the answers in Prometheus."""
    rows = prometheus.query(f'sum(last_over_time({COUNT}{{service_name="{SERVICE}"}}[2h]))')
    return round(rows[0].value) if rows else 0


def traced(tempo: Tempo, started: float) -> float:
    """Count server spans."""
    query = f'{{resource.service.name="{SERVICE}" && kind=server}} | count_over_time()'
    return sum(sample.value for sample in tempo.count(query, started, time.time()))


def logged(loki: Loki, started: float) -> float:
    """Count request lines."""
    seconds = int(time.time() - started) + 2
    rows = loki.query(f'sum(count_over_time({{service_name="{SERVICE}"}} | event="http_request" [{seconds}s]))')
    return rows[0].value if rows else 0


def look(stack: Stack) -> Seen:
    """Read all series, span names, routes and streams."""
    prometheus, tempo = Prometheus(stack.url("prometheus")), Tempo(stack.url("tempo"))
    window = {"match[]": '{service_name=~".+"}', "start": int(time.time()) - LOOK_BACK_SECONDS}
    streams = get_json(f"{stack.url('loki')}/loki/api/v1/series", window)["data"]
    return Seen(
        series(prometheus, f'{{service_name="{SERVICE}"}}'),
        series(prometheus, '{__name__=~".+"}'),
        by(tempo, "name"),
        by(tempo, "name", " && kind=server"),
        by(tempo, "span.http.route"),
        {frozenset(stream.items()) for stream in streams},
    )


def series(prometheus: Prometheus, selector: str) -> set[Shape]:
    """List the series that there have been within the time that tests look back."""
    rows = get_json(f"{prometheus.url}/api/v1/series", {"match[]": selector, "start": time.time() - LOOK_BACK_SECONDS})
    return {frozenset(labels.items()) for labels in rows["data"]}


def by(tempo: Tempo, attribute: str, more: str = "", service: str = SERVICE) -> set[str]:
    """List the values of an attribute of a service's spans, or of some of them."""
    now = int(time.time())
    window = {"q": f'{{resource.service.name="{service}"{more}}}', "start": now - LOOK_BACK_SECONDS, "end": now + 1}
    rows = get_json(f"{tempo.url}/api/v2/search/tag/{attribute}/values", window)
    return {row["value"] for row in rows["tagValues"]}


def without_workers(shapes: set[Shape]) -> set[Shape]:
    """Leave out which worker it was: which one of them answers first is chance."""
    return {frozenset(label for label in shape if label[0] != "instance") for shape in shapes}
