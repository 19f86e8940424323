# SPDX-License-Identifier: Apache-2.0
"""What the live backends hold of the service, as one flat set of facts."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from stack.backends import Loki, Prometheus
from stack.backends.http import BackendError, get_json
from tests.chain.described import CATALOGUE, Fact
from tests.chain.traffic import CLIENTS

SESSION_SECONDS: Final = 3 * 3600.0  # Gunicorn's first lines are as old as the stack, which other tests use before
SAMPLES: Final = '{service_name="loan-service"} or {job=~"(lending/)?loan-service",__name__!~"up|scrape_.+|ALERTS.*"}'
# What each backend adds to all data.
PROMETHEUS_OWN: Final = {"__name__", "job", "instance", "le"}
LOKI_OWN: Final = {"severity_text", "severity_number", "detected_level", "flags", "observed_timestamp"}
TEMPLATES: Final[list[str]] = [span["name"] for span in CATALOGUE["spans"]]
OF_LINES: Final = {*CATALOGUE["line"], *CATALOGUE["line_optional"]}
# What OTLP's JSON and Python call a type, and what the catalogue calls it.
TYPES: Final = {"stringValue": "string", "intValue": "int", "doubleValue": "double", "boolValue": "boolean"}
MEMBERS: Final[dict[type, str]] = {str: "string", int: "int", float: "double", bool: "boolean", dict: "object"}


@dataclass(frozen=True)
class Drive:
    """The backends, and the requests that were sent to the service."""

    urls: dict[str, str]
    trace_ids: set[str]
    started: float


def facts_held(drive: Drive) -> set[Fact]:
    """Read everything that the backends hold of the service."""
    return {*in_prometheus(drive), *in_tempo(drive), *in_loki(drive)}


def in_prometheus(drive: Drive) -> Iterator[Fact]:
    prometheus = Prometheus(drive.urls["prometheus"])
    for row in prometheus.query(SAMPLES):
        name = row.labels["__name__"]
        yield "metric", name
        for label in row.labels.keys() - PROMETHEUS_OWN:
            yield "metric", name, label
            yield "value", label, row.labels[label]
        yield from _route(row.labels.get("http_route"))
    for exemplar in prometheus.exemplars('{service_name="loan-service"}', drive.started, time.time()):
        yield "exemplar", exemplar.series["__name__"]


def in_tempo(drive: Drive) -> Iterator[Fact]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        for batch in (batch for trace in pool.map(partial(_trace, drive), drive.trace_ids) for batch in trace):
            resource = _texts(batch["resource"])
            if resource.get("service.name") == "loan-service":
                yield from _values("resource", resource)
                yield from _types(batch["resource"])
                yield from (fact for scope in batch["scopeSpans"] for span in scope["spans"] for fact in _of_span(span))


def _trace(drive: Drive, trace_id: str) -> list[dict[str, Any]]:
    try:
        batches: list[dict[str, Any]] = get_json(f"{drive.urls['tempo']}/api/traces/{trace_id}")["batches"]
    except BackendError:  # not there yet
        return []
    return batches


def _texts(holder: dict[str, Any]) -> dict[str, str]:
    return {item["key"]: str(next(iter(item["value"].values()))) for item in holder.get("attributes", [])}


def _types(holder: dict[str, Any]) -> Iterator[Fact]:
    for item in holder.get("attributes", []):
        yield "type", item["key"], TYPES.get(next(iter(item["value"])), "something else")


def _of_span(span: dict[str, Any]) -> Iterator[Fact]:
    kind, attributes = span["kind"].removeprefix("SPAN_KIND_").lower(), _texts(span)
    yield "name", kind, _template(span["name"], attributes)
    yield from _values("span", attributes, kind)
    yield from _route(attributes.get("http.route"))
    yield from _types(span)
    for event in span.get("events", []):
        yield "span event", event["name"]
        yield from (("span event", event["name"], attribute) for attribute in _texts(event))
        yield from _types(event)


def _template(name: str, attributes: dict[str, str]) -> str:
    """Give the template that gives this name with the span's own attributes, or else the name itself."""
    # The conventions' name of a request with a method that is in no standard.
    attributes = {key: value.replace("_OTHER", "HTTP") for key, value in attributes.items()}
    for template in TEMPLATES:
        if name == re.sub(r"{(.+?)}", lambda place: attributes.get(place[1], ""), template).strip():
            return template
    return name


def _values(what: str, attributes: dict[str, str], *where: str) -> Iterator[Fact]:
    for attribute, value in attributes.items():
        yield what, *where, attribute
        yield "value", attribute.replace(".", "_"), value


def _route(route: str | None) -> Iterator[Fact]:
    if route:  # as OpenAPI writes it
        yield "route", re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def in_loki(drive: Drive) -> Iterator[Fact]:
    # Requests of this drive, and everything else since the stack's start, where Gunicorn's first lines are.
    loki, now = Loki(drive.urls["loki"]), time.time()
    lines = loki.lines('{service_name="loan-service"} | event="http_request"', drive.started, now)
    lines += loki.lines('{service_name="loan-service"} | event!="http_request"', now - SESSION_SECONDS, now)
    for line in lines:
        yield from (("stored", key) for key in line.labels.keys() - LOKI_OWN)
        members = json.loads(line.text)
        event = members["event"]
        yield "event", event
        yield "event", event, "level", members["level"]
        yield from (("line", field) for field in members.keys() & OF_LINES)
        yield from (("type", name, MEMBERS.get(type(member), "something else")) for name, member in members.items())
        own = {key: str(value) for key, value in members.items() if key not in OF_LINES}
        yield from _values("event", own, event)
        yield from _route(own.get("http.route"))
