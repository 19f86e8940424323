# SPDX-License-Identifier: Apache-2.0
"""The facts in docs/telemetry.yaml that the backends must hold, as one flat set."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
CATALOGUE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docs" / "telemetry.yaml").read_text(encoding="utf-8"))
# The keys that make up the labels job and instance.
IDENTIFYING: Final = {"service_name", "service_namespace", "service_instance_id"}
# Pages for people, which the API's description leaves out.
PAGES: Final = {"/openapi.json", "/docs", "/docs/assets/{name}"}
ANY: Final = "as logged"
LEVELS: Final = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
# What a thing is, then its name, then a part of it: an event's field, a span's attribute under its kind, and so on.
Fact = tuple[str, ...]


def underscored(names: Iterable[str]) -> set[str]:
    """Write names as Prometheus and Loki do."""
    return {name.replace(".", "_") for name in names}


def promoted() -> set[str]:
    """Read which keys of the resource label every series that comes by OTLP."""
    settings = yaml.safe_load((ROOT / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    return underscored(settings["otlp"]["promote_resource_attributes"])


@dataclass(frozen=True)
class Described:
    """The facts of a catalogue, and what it leaves open."""

    facts: set[Fact]
    lists: dict[str, set[str]]
    types: dict[str, str]
    stored: set[str]
    any_level: set[str]

    @classmethod
    def by(cls, catalogue: dict[str, Any], paths: Iterable[str]) -> "Described":
        """Read a catalogue, and the paths of the API."""
        facts = {*_of_metrics(catalogue), *_of_spans(catalogue), *_of_lines(catalogue)}
        routes = {("route", path) for path in paths if path.startswith("/api/")}
        lists = {
            row["name"].replace(".", "_"): set(row["values"]) for row in catalogue["attributes"] if "values" in row
        }
        stored = underscored([row["name"] for row in catalogue["attributes"]] + catalogue["line"])
        types = (
            dict.fromkeys(catalogue["line"], "string")
            | dict.fromkeys(catalogue["line_optional"], "object")
            | {row["name"]: row["type"] for row in catalogue["attributes"]}
        )
        any_level = {row["name"] for row in catalogue["events"] if row["level"] == ANY}
        return cls(facts | routes, lists, types, stored, any_level)

    def knows(self, fact: Fact) -> bool:
        """Return whether a seen fact is described."""
        match fact:
            case "value", attribute, value:
                return value in self.lists.get(attribute, {value})
            case "type", name, kind:
                return kind == self.types.get(name)
            case "route", path if path in PAGES:
                return True
            case "stored", key:
                return key in self.stored
            case "event", name, "level", _ if name in self.any_level:
                return True
        return fact in self.facts


def _of_metrics(catalogue: dict[str, Any]) -> Iterator[Fact]:
    for metric in catalogue["metrics"]:
        for name in metric["prometheus"]:
            yield "metric", name
            yield from (("metric", name, label) for label in underscored(metric["attributes"]) | promoted())
        if metric.get("exemplars"):
            yield "exemplar", metric["prometheus"][0]
    for metric in catalogue["page"]:
        yield "metric", metric["name"]
    yield "metric", "loan_service_worker_up", "worker"
    yield from (("metric", "target_info", label) for label in underscored(catalogue["resource"]) - IDENTIFYING)


def _of_spans(catalogue: dict[str, Any]) -> Iterator[Fact]:
    yield from (("resource", key) for key in catalogue["resource"])
    for span in catalogue["spans"]:
        yield "name", span["kind"], span["name"]
        yield from (("span", span["kind"], attribute) for attribute in span["attributes"])
    for event in catalogue["span_events"]:
        yield "span event", event["name"]
        yield from (("span event", event["name"], attribute) for attribute in event["attributes"])


def _of_lines(catalogue: dict[str, Any]) -> Iterator[Fact]:
    yield from (("line", field) for field in catalogue["line"] + catalogue["line_optional"])
    for event in catalogue["events"]:
        yield "event", event["name"]
        yield from (("event", event["name"], attribute) for attribute in event["attributes"])
        yield from (("event", event["name"], "level", level) for level in LEVELS if level in event["level"])
