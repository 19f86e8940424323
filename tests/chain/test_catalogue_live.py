# SPDX-License-Identifier: Apache-2.0
"""What the live backends hold of the service is what docs/telemetry.yaml describes: nothing more, and nothing less."""

import ast
import copy
import json
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from stack.backends import Loki, Prometheus
from stack.backends.http import BackendError, get_json
from stack.runner import Stack
from stack.tour.caller import submit_application
from stack.tour.provoke import failing_request
from tests.chain.lives import ALL
from tests.chain.traffic import CLIENTS, side_by_side

ROOT: Final = Path(__file__).parents[2]
CATALOGUE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docs" / "telemetry.yaml").read_text(encoding="utf-8"))
# A trace is in Tempo after 15 s, and the ledger's check comes each minute, but first at the start.
PATIENCE_SECONDS = 45.0
PAUSE_SECONDS = 2.0
SESSION_SECONDS = 3 * 3600.0  # Gunicorn's first lines are as old as the stack, which other tests use before
SAMPLES = '{service_name="loan-service"} or {job=~"(lending/)?loan-service",__name__!~"up|scrape_.+|ALERTS.*"}'
# What each backend says by itself, of whatever it holds.
PROMETHEUS_OWN = {"__name__", "job", "instance", "le"}
LOKI_OWN = {"severity_text", "severity_number", "detected_level", "flags", "observed_timestamp"}
# The keys that make up the labels job and instance.
IDENTIFYING = {"service_name", "service_namespace", "service_instance_id"}
# Pages for people, which the API's description leaves out.
PAGES = {"/openapi.json", "/docs", "/docs/assets/{name}"}
TEMPLATES: Final[list[str]] = [span["name"] for span in CATALOGUE["spans"]]
OF_LINES = set(CATALOGUE["line"])
ANY = "as logged"
LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}

# What a thing is, then its name, then a part of it: an event's field, a span's attribute under its kind, and so on.
Fact = tuple[str, ...]

BUSINESS = "tests/telemetry/test_business.py::test_a_fact_is_its_points_its_note_and_its_line"
GUNICORN = "tests/telemetry/test_gunicorn_conf.py::test_gunicorns_complaints_about_a_request_lose_the_clients_words"
LOGGING = "tests/telemetry/test_logging.py::test_an_exception_is_its_type_and_stack_and_not_its_words"
# What needs a fault that nobody wants in a stack that others use, with the test that shows it.
RARE: Final[dict[Fact, str]] = {
    ("event", "idempotency_key_in_progress"): BUSINESS,
    ("event", "transaction_retried"): BUSINESS,
    ("exemplar", "loan_tx_retries_total"): "tests/telemetry/test_metrics.py::"
    "test_a_measurement_carries_the_trace_as_its_exemplar",
    ("event", "portfolio_watch_failed"): "tests/integration/test_portfolio_watch.py::"
    "test_a_database_that_is_away_is_told_once_and_asked_again",
    ("event", "ledger_invariant_violated"): "tests/unit/test_ledger_checks.py::"
    "test_a_violation_is_told_once_when_it_is_found",
    ("event", "no_scope_declared"): "tests/integration/test_access.py::"
    "test_a_view_that_declares_no_scope_is_open_to_nobody",
    ("event", "unhandled_exception"): "tests/integration/test_errors.py::"
    "test_a_mistake_of_ours_is_answered_and_logged_once",
    ("event", "event_listener_failed"): "tests/integration/test_errors.py::"
    "test_a_listener_that_fails_does_not_fail_the_request",
    ("event", "telemetry_export_failing"): "tests/telemetry/test_collector_away.py::test_a_dead_collector_is_not_felt",
    ("event", "worker_metrics_not_kept"): "tests/telemetry/test_workers.py::"
    "test_a_full_disk_is_told_once_and_the_page_still_answers",
    ("event", "request_failed"): GUNICORN,
    ("event", "log_message", "exception.type"): LOGGING,
    ("event", "log_message", "exception.stacktrace"): LOGGING,
    (
        "event",
        "log_sink_failed",
    ): "tests/telemetry/test_log_sinks.py::test_a_full_disk_is_reported_once_and_fails_nobody",
    ("span event", "exception"): "tests/telemetry/test_spans.py::"
    "test_an_exception_marks_the_span_by_type_and_not_by_words",
}


def underscored(names: Iterable[str]) -> set[str]:
    """Write names as Prometheus and Loki do."""
    return {name.replace(".", "_") for name in names}


def promoted() -> set[str]:
    """Read which keys of the resource label every series that comes by OTLP."""
    settings = yaml.safe_load((ROOT / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    return underscored(settings["otlp"]["promote_resource_attributes"])


@dataclass(frozen=True)
class Described:
    """What a catalogue says that there is, and what it leaves open."""

    facts: set[Fact]
    lists: dict[str, set[str]]
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
        return cls(facts | routes, lists, stored, {row["name"] for row in catalogue["events"] if row["level"] == ANY})

    def knows(self, fact: Fact) -> bool:
        """Tell whether something that was seen is described."""
        match fact:
            case "value", attribute, value:
                return value in self.lists.get(attribute, {value})
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
    yield from (("line", field) for field in catalogue["line"])
    for event in catalogue["events"]:
        yield "event", event["name"]
        yield from (("event", event["name"], attribute) for attribute in event["attributes"])
        yield from (("event", event["name"], "level", level) for level in LEVELS if level in event["level"])


@dataclass(frozen=True)
class Drive:
    """Where the backends are, and what was asked of the service."""

    urls: dict[str, str]
    trace_ids: set[str]
    started: float


def held(drive: Drive) -> set[Fact]:
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
                yield from (fact for scope in batch["scopeSpans"] for span in scope["spans"] for fact in _of_span(span))


def _trace(drive: Drive, trace_id: str) -> list[dict[str, Any]]:
    try:
        batches: list[dict[str, Any]] = get_json(f"{drive.urls['tempo']}/api/traces/{trace_id}")["batches"]
    except BackendError:  # not there yet
        return []
    return batches


def _texts(holder: dict[str, Any]) -> dict[str, str]:
    return {item["key"]: str(next(iter(item["value"].values()))) for item in holder.get("attributes", [])}


def _of_span(span: dict[str, Any]) -> Iterator[Fact]:
    kind, attributes = span["kind"].removeprefix("SPAN_KIND_").lower(), _texts(span)
    yield "name", kind, _template(span["name"], attributes)
    yield from _values("span", attributes, kind)
    yield from _route(attributes.get("http.route"))
    for event in span.get("events", []):
        yield "span event", event["name"]
        yield from (("span event", event["name"], attribute) for attribute in _texts(event))


def _template(name: str, attributes: dict[str, str]) -> str:
    """Give the template that gives this name with the span's own attributes, or else the name itself."""
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
        own = {key: str(value) for key, value in members.items() if key not in OF_LINES}
        yield from _values("event", own, event)
        yield from _route(own.get("http.route"))


def compare(catalogue: dict[str, Any], paths: Iterable[str], seen: set[Fact]) -> tuple[set[Fact], set[Fact]]:
    """Give what was seen and is not described, and what is described, not rare, and was not seen."""
    described = Described.by(catalogue, paths)
    unseen = described.facts - seen
    return {fact for fact in seen if not described.knows(fact)}, {fact for fact in unseen if not is_rare(fact)}


def is_rare(fact: Fact) -> bool:
    return any(fact[: len(rare)] == rare for rare in RARE)


@dataclass(frozen=True)
class Evidence:
    """What was found, and the paths that the service says it has."""

    seen: set[Fact]
    paths: list[str]


@pytest.fixture(scope="module")
def evidence(stack: Stack) -> Evidence:
    """Live every life, make the service refuse and fail, and read the backends until all is there or time is up."""
    started, edge = time.time(), stack.url("nginx")
    loan_id = submit_application(edge)
    answers = side_by_side(edge, ALL)
    failed = failing_request(edge, stack.database_url, loan_id)
    send_nonsense(stack.url("api"))
    assert {401, 422, failed.status} <= {answer.status for answer in answers} | {503}
    paths = list(requests.get(f"{stack.url('api')}/openapi.json", timeout=10).json()["paths"])
    urls = {name: stack.url(name) for name in ("prometheus", "tempo", "loki")}
    drive = Drive(urls, {answer.trace_id for answer in answers} | {failed.trace_id}, started)
    seen = held(drive)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while compare(CATALOGUE, paths, seen)[1] and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        seen |= held(drive)
    print(f"{len(drive.trace_ids)} requests, {len(seen)} facts, {time.time() - started:.1f} s")  # noqa: T201  # the result
    return Evidence(seen, paths)


def send_nonsense(api: str) -> None:
    """Send what no server can parse, past the edge, which would keep it."""
    place = urlsplit(api)
    with socket.create_connection((place.hostname, place.port), timeout=5) as connection:
        connection.sendall(b"NONSENSE / HTTP/9.9\r\n\r\n")
        connection.recv(1000)


def test_the_backends_hold_what_the_catalogue_describes(evidence: Evidence) -> None:
    undescribed, unseen = compare(CATALOGUE, evidence.paths, evidence.seen)

    assert (sorted(undescribed), sorted(unseen)) == ([], [])


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda it: it["metrics"].pop(0), ("metric", "http_server_request_duration_seconds_count")),
        (lambda it: it["metrics"][0]["attributes"].remove("http.route"),
         ("metric", "http_server_request_duration_seconds_count", "http_route")),
        (lambda it: it["metrics"][0].pop("exemplars"), ("exemplar", "http_server_request_duration_seconds_bucket")),
        (lambda it: it["resource"].remove("service.version"), ("resource", "service.version")),
        (lambda it: it["spans"].pop(2), ("name", "client", "connect")),
        (lambda it: it["spans"][0]["attributes"].remove("loan.id"), ("span", "server", "loan.id")),
        (lambda it: it["line"].remove("logger"), ("line", "logger")),
        (lambda it: it["events"].pop(0), ("event", "http_request")),
        (lambda it: it["events"][0]["attributes"].remove("url.path"), ("event", "http_request", "url.path")),
        (lambda it: attribute(it, "loan.currency")["values"].remove("EUR"), ("value", "loan_currency", "EUR")),
    ],
)  # fmt: skip
def test_what_is_missing_in_the_catalogue_is_noticed(evidence: Evidence, change: Change, fact: Fact) -> None:
    poorer = copy.deepcopy(CATALOGUE)

    change(poorer)

    assert fact in compare(poorer, evidence.paths, evidence.seen)[0]


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda it: it["metrics"][0]["prometheus"].append("made_up_total"), ("metric", "made_up_total")),
        (lambda it: it["metrics"][0]["attributes"].append("made.up"),
         ("metric", "http_server_request_duration_seconds_sum", "made_up")),
        (lambda it: it["resource"].append("made.up"), ("resource", "made.up")),
        (lambda it: it["spans"][0]["attributes"].append("made.up"), ("span", "server", "made.up")),
        (lambda it: it["line"].append("made.up"), ("line", "made.up")),
        (lambda it: it["events"][0]["attributes"].append("made.up"), ("event", "http_request", "made.up")),
    ],
)  # fmt: skip
def test_what_the_catalogue_makes_up_is_noticed(evidence: Evidence, change: Change, fact: Fact) -> None:
    richer = copy.deepcopy(CATALOGUE)

    change(richer)

    assert fact in compare(richer, evidence.paths, evidence.seen)[1]


def attribute(catalogue: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [row for row in catalogue["attributes"] if row["name"] == name]
    return cast("dict[str, Any]", found)


def test_a_path_that_no_route_has_is_noticed(evidence: Evidence) -> None:
    assert ("route", "/no/such/path") in compare(CATALOGUE, [], {("route", "/no/such/path")})[0]
    assert ("route", "/api/v1/made-up") in compare(CATALOGUE, [*evidence.paths, "/api/v1/made-up"], evidence.seen)[1]


@pytest.mark.parametrize(("fact", "node"), RARE.items())
def test_what_is_rare_is_described_and_has_a_test_of_its_own(fact: Fact, node: str) -> None:
    path, _, name = node.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))

    assert fact in Described.by(CATALOGUE, []).facts
    assert name in {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}
