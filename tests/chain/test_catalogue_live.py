# SPDX-License-Identifier: Apache-2.0
"""What the live backends hold of the service is what docs/telemetry.yaml describes: nothing more, and nothing less."""

import ast
import copy
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

import pytest
import requests

from stack.runner import Stack
from stack.tour.caller import submit_application
from stack.tour.provoke import failing_request
from tests.chain.backend_facts import Drive, facts_held
from tests.chain.conftest import TEAM
from tests.chain.described import CATALOGUE, ROOT, Described, Fact
from tests.chain.loan_lives import ALL
from tests.chain.provoked_faults import provoke_faults
from tests.chain.traffic import side_by_side

# A trace is in Tempo after 15 s, and the ledger's check comes each minute, but first at the start.
PATIENCE_SECONDS = 45.0
PAUSE_SECONDS = 2.0

GUNICORN = "tests/telemetry/test_gunicorn_conf.py::test_gunicorns_complaints_about_a_request_lose_the_clients_words"
LOGGING = "tests/telemetry/test_logging.py::test_an_exception_is_its_type_and_stack_and_not_its_words"
FAULTS = "tests/telemetry/faults"
LIGHT_EXPORT = "tests/telemetry_light/test_span_delivery.py::test_a_closed_port_is_retryable_and_logged_by_its_error"
# What no fault from outside brings about, or none that others in the stack would survive; with the test that shows it.
RARE: Final[dict[Fact, str]] = {
    ("event", "portfolio_watch_failed"): "tests/integration/test_portfolio_watch.py::"
    "test_a_database_that_is_away_is_reported_once_and_retried",
    ("event", "ledger_invariant_violated"): "tests/unit/test_ledger_checks.py::"
    "test_a_violation_is_reported_once_when_it_is_found",
    ("event", "no_scope_declared"): "tests/integration/test_access.py::"
    "test_a_view_that_declares_no_scope_refuses_every_request",
    ("event", "event_listener_failed"): "tests/integration/test_errors.py::"
    "test_a_listener_that_fails_does_not_fail_the_request",
    ("event", "telemetry_failed"): "tests/telemetry/test_telemetry_failed.py::"
    "test_a_failure_is_reported_once_per_part_and_never_raised",
    ("event", "request_failed"): GUNICORN,
    # Faults on request, which the stack of the chain does not have.
    ("metric", "loan_faults_active"): f"{FAULTS}/test_requests.py::test_a_fault_is_listed_measured_and_logged",
    ("event", "fault_started"): f"{FAULTS}/test_requests.py::test_a_fault_is_listed_measured_and_logged",
    ("event", "fault_ended"): f"{FAULTS}/test_requests.py::test_a_fault_is_listed_measured_and_logged",
    ("event", "fault_log_line"): f"{FAULTS}/test_worker_effects.py::test_a_log_flood_is_as_many_lines_as_it_may",
    (
        "event",
        "fault_personal_data",
    ): f"{FAULTS}/test_worker_effects.py::test_personal_data_in_an_exceptions_text_is_not_written",
    (
        "event",
        "fault_effect_failed",
    ): f"{FAULTS}/test_worker_effects.py::test_an_effect_that_fails_is_logged_and_tried_again",
    (
        "name",
        "internal",
        "fault span",
    ): f"{FAULTS}/test_worker_effects.py::test_lost_telemetry_is_spans_in_the_real_queue",
    # A mistake in the code of a view, or of a caller of the logger.
    ("event", "span_attribute_dropped"): "tests/telemetry/test_edges_values.py::"
    "test_a_view_that_speaks_to_its_span_as_the_api_allows_is_answered",
    ("event", "log_record_unformattable"): "tests/telemetry/test_logging.py::"
    "test_a_record_that_cannot_be_formatted_is_a_line_that_reports_this",
    # The light pipeline's own words; the SDK's exporters write a message, and at first a warning.
    ("event", "telemetry_export_failing", "error.type"): LIGHT_EXPORT,
    ("event", "telemetry_export_failing", "level", "ERROR"): LIGHT_EXPORT,
    ("event", "log_message", "exception.type"): LOGGING,
    ("event", "log_message", "exception.stacktrace"): LOGGING,
    (
        "event",
        "log_sink_failed",
    ): "tests/telemetry/test_log_sinks.py::test_a_full_disk_is_reported_once_and_fails_no_request",
}

# With what the stack's OTEL_RESOURCE_ATTRIBUTES add.
HERE: Final = CATALOGUE | {
    "resource": [*CATALOGUE["resource"], TEAM[0]],
    "attributes": [*CATALOGUE["attributes"], {"name": TEAM[0], "type": "string", "values": [TEAM[1]]}],
}


def compare(catalogue: dict[str, Any], paths: Iterable[str], seen: set[Fact]) -> tuple[set[Fact], set[Fact]]:
    """Give what was seen and is not described, and what is described, not rare, and was not seen."""
    described = Described.by(catalogue, paths)
    unseen = described.facts - seen
    return {fact for fact in seen if not described.knows(fact)}, {fact for fact in unseen if not is_rare(fact)}


def is_rare(fact: Fact) -> bool:
    return any(fact[: len(rare)] == rare for rare in RARE)


@dataclass(frozen=True)
class Evidence:
    """What was found, and the service's paths from its OpenAPI document."""

    seen: set[Fact]
    paths: list[str]


@pytest.fixture(scope="module")
def evidence(stack: Stack) -> Evidence:
    """Live every life, make the service refuse and fail, and read the backends until all is there or time is up."""
    started, edge = time.time(), stack.url("nginx")
    loan_id = submit_application(edge)
    answers = side_by_side(edge, ALL)
    failed = failing_request(edge, stack.database_url, loan_id)
    answers += provoke_faults(stack)
    assert {401, 422} <= {answer.status for answer in answers}
    assert failed.status == 503
    paths = list(requests.get(f"{stack.url('api')}/openapi.json", timeout=10).json()["paths"])
    urls = {name: stack.url(name) for name in ("prometheus", "tempo", "loki")}
    drive = Drive(urls, {answer.trace_id for answer in answers} | {failed.trace_id}, started)
    seen = facts_held(drive)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while compare(HERE, paths, seen)[1] and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        seen |= facts_held(drive)
    print(f"{len(drive.trace_ids)} requests, {len(seen)} facts, {time.time() - started:.1f} s")  # noqa: T201  # the result
    return Evidence(seen, paths)


def test_the_backends_hold_what_the_catalogue_describes(evidence: Evidence) -> None:
    undescribed, unseen = compare(HERE, evidence.paths, evidence.seen)

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
        (lambda it: it["spans"].pop(1), ("name", "client", "{db.operation.name} {db.namespace}")),
        (lambda it: it["spans"][0]["attributes"].remove("loan.id"), ("span", "server", "loan.id")),
        (lambda it: it["line"].remove("logger"), ("line", "logger")),
        (lambda it: it["events"].pop(0), ("event", "http_request")),
        (lambda it: it["events"][0]["attributes"].remove("url.path"), ("event", "http_request", "url.path")),
        (lambda it: attribute(it, "loan.currency")["values"].remove("EUR"), ("value", "loan_currency", "EUR")),
        (lambda it: attribute(it, "server.port").update(type="string"), ("type", "server.port", "int")),
        (lambda it: attribute(it, "loan.amount_minor").update(type="double"), ("type", "loan.amount_minor", "int")),
        (lambda it: attribute(it, "service.name").update(type="int"), ("type", "service.name", "string")),
    ],
)  # fmt: skip
def test_what_is_missing_in_the_catalogue_is_noticed(evidence: Evidence, change: Change, fact: Fact) -> None:
    poorer = copy.deepcopy(HERE)

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
    richer = copy.deepcopy(HERE)

    change(richer)

    assert fact in compare(richer, evidence.paths, evidence.seen)[1]


def attribute(catalogue: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [row for row in catalogue["attributes"] if row["name"] == name]
    return cast("dict[str, Any]", found)


def test_a_path_that_no_route_has_is_noticed(evidence: Evidence) -> None:
    assert ("route", "/no/such/path") in compare(HERE, [], {("route", "/no/such/path")})[0]
    assert ("route", "/api/v1/made-up") in compare(HERE, [*evidence.paths, "/api/v1/made-up"], evidence.seen)[1]


@pytest.mark.parametrize(("fact", "node"), RARE.items())
def test_what_is_rare_is_described_and_has_a_test_of_its_own(fact: Fact, node: str) -> None:
    path, _, name = node.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))

    assert fact in Described.by(HERE, []).facts
    assert name in {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}
