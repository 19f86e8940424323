# SPDX-License-Identifier: Apache-2.0
"""docs/telemetry.yaml and the code name the same signals: nothing is emitted that is not described, or vice versa."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeGuard

import pytest
import sqlalchemy as sa
import yaml
from flask import Flask
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricReader, Sum
from opentelemetry.sdk.trace import Event
from prometheus_client.parser import text_string_to_metric_families

from app import telemetry
from app.domain.delinquency import Bucket
from app.domain.money import Currency, Money
from app.domain.repayment_channel import Channel
from app.domain.status import Decision, RejectReason
from app.domain.terms import LoanTerms
from app.domain.transaction import REVERSIBLE
from app.factory import set_up_telemetry
from app.services.events import KeyOutcome
from app.services.faults import FaultKind, observe_faults
from app.services.portfolio import PortfolioSnapshot
from app.services.quotes import quote
from app.settings import Environment, Settings
from app.storage.fault_file import FaultFile
from app.telemetry import instruments, semconv, setup, views
from app.telemetry.business import INSTRUMENTS
from app.telemetry.business.borrowers import OPERATIONS as OPERATIONS_ON_BORROWERS
from app.telemetry.business.money import COMPONENTS
from app.telemetry.delivery.redacting import ALLOWED, without_texts
from app.telemetry.logging import EXPORTERS
from app.telemetry.portfolio import INVARIANTS
from app.telemetry.signals import InstrumentDefinition, Measurement
from app.telemetry.statements import OPERATIONS, OTHER
from stack.ports import HOST, free_port
from stack.postgres import Postgres
from tests.telemetry.conftest import add_routes

ROOT = Path(__file__).parents[2]
CATALOGUE = yaml.safe_load((ROOT / "docs" / "telemetry.yaml").read_text())
OF_THE_PROCESS = {"loan.service.threads.limit", "loan.service.log.lines.lost"}  # not of the business
ATTRIBUTES = {each["name"]: each for each in CATALOGUE["attributes"]}
METRICS = {each["name"]: each for each in CATALOGUE["metrics"]}
IN_PLACE = {name: each for name, each in METRICS.items() if "scope" in each}  # declared beside what records it


def test_the_views_are_the_catalogues() -> None:
    assert {each.metric: (sorted(each.attributes), list(each.buckets or [])) for each in views.LISTED} == {
        name: (sorted(each["attributes"]), each.get("buckets", []))
        for name, each in METRICS.items()
        if name not in IN_PLACE
    }


def test_spans_may_have_what_is_in_the_catalogue() -> None:
    catalogued = {each["kind"]: set(each["attributes"]) for each in CATALOGUE["spans"] if each["kind"] != "internal"}

    assert {kind.name.lower(): set(allowed) for kind, allowed in ALLOWED.items()} == catalogued
    event = without_texts(Event("exception", {"exception.type": "ValueError", "exception.message": "canary"}))
    [exception] = [each for each in CATALOGUE["span_events"] if each["name"] == "exception"]
    assert set(event.attributes or {}) == set(exception["attributes"])


def logged_events(source: str) -> Iterator[str]:
    """Find the constant names that a module logs."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_logger(node.func.value):
            name = node.args[1 if node.func.attr == "log" else 0]
            if isinstance(name, ast.Constant):
                yield str(name.value)
            elif is_of(name, "semconv"):  # else it is the name of a described line, which is one of semconv's too
                yield str(getattr(semconv, name.attr))


def is_of(node: ast.expr, module: str) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module


def is_logger(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"_logger", "logger"}


def test_the_events_are_the_catalogues() -> None:
    logged = {event for path in (ROOT / "app").rglob("*.py") for event in logged_events(path.read_text())}
    named = {value for name, value in vars(semconv).items() if name.startswith("EVENT_")}

    assert logged | named == {event["name"] for event in CATALOGUE["events"]}


def test_the_search_for_events_sees_one_that_is_not_catalogued() -> None:
    source = '_logger.info("made_up", extra={})\n_logger.log(level, semconv.EVENT_HTTP_REQUEST)'

    assert set(logged_events(source)) == {"made_up", "http_request"}


def test_every_name_in_the_code_is_described_and_used() -> None:
    named = {value for name, value in vars(semconv).items() if name.isupper() and "." in value}
    signals = [*CATALOGUE["metrics"], *CATALOGUE["spans"], *CATALOGUE["span_events"], *CATALOGUE["events"]]
    used = {*CATALOGUE["resource"], *(name for signal in signals for name in signal["attributes"])}

    assert {name for name in named if name not in METRICS} <= set(ATTRIBUTES)
    assert used == set(ATTRIBUTES)
    assert len(ATTRIBUTES) == len(CATALOGUE["attributes"])


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("loan.currency", set(Currency)),
        ("loan.decision", set(Decision)),
        ("loan.reject.reason", set(RejectReason)),
        ("loan.payment.channel", set(Channel)),
        ("loan.component", set(COMPONENTS)),
        ("loan.transaction.kind", set(REVERSIBLE)),
        ("loan.delinquency.bucket", set(Bucket)),
        ("loan.idempotency.outcome", set(KeyOutcome)),
        ("loan.borrower.operation", {operation for operation, _ in OPERATIONS_ON_BORROWERS.values()}),
        ("loan.invariant", set(INVARIANTS)),
        ("loan.fault.kind", set(FaultKind)),
        ("db.operation.name", OPERATIONS | {OTHER}),
        ("deployment.environment.name", set(Environment)),
        ("signal", set(EXPORTERS.values())),
        ("service.name", {semconv.SERVICE}),
        ("service.namespace", {semconv.NAMESPACE}),
    ],
)
def test_closed_lists_are_the_codes(attribute: str, values: set[str]) -> None:
    assert set(ATTRIBUTES[attribute]["values"]) == values


def test_what_labels_a_metric_is_bounded() -> None:
    unbounded = [
        name
        for metric in CATALOGUE["metrics"]
        for name in metric["attributes"]
        if not ATTRIBUTES[name].keys() & {"values", "bound"}
    ]

    assert unbounded == []


@dataclass
class Check:
    """A ledger that is right."""

    violations: dict[str, int] = field(default_factory=dict)
    imbalance_minor: dict[str, int] = field(default_factory=dict)


def measure(declared: InstrumentDefinition) -> None:
    """Record a value for every declared series of an instrument."""
    for attributes in declared.series:
        instruments._measure(Measurement(declared.name, 1, attributes))  # noqa: SLF001


@pytest.fixture
def emitting(settings: Settings, postgres: Postgres, clean_process: None) -> Iterator[tuple[Flask, MetricReader]]:  # noqa: ARG001
    """Emit every metric: requests, statements, an engine with a pool, and a batch processor."""
    reader = InMemoryMetricReader()
    app = Flask("loans")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "push_reader", lambda _accounting: reader)
        set_up_telemetry(app, replace(settings, otel={"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{free_port()}"}))
    add_routes(app)
    for declared in INSTRUMENTS:
        measure(declared)
    for currency in Currency:
        quote(LoanTerms(Money(10_000, currency), Decimal(5), 12), date(2026, 1, 1), None)
    telemetry.observe_portfolio(PortfolioSnapshot({}, Check()))
    observe_faults(FaultFile(None))
    engine = sa.create_engine(postgres.create("emitting"))
    telemetry.observe_pool(engine)
    app.extensions["engine"] = engine  # the pool is reported for as long as the engine lives

    @app.get("/read")
    def read() -> str:
        with engine.connect() as connection:
            return str(connection.scalar(sa.text("SELECT 1")))

    for path in ("/loans/1", "/boom", "/read"):
        app.test_client().get(path)
    yield app, reader
    engine.dispose()


def test_ours_have_as_many_series_as_in_the_catalogue(emitting: tuple[Flask, InMemoryMetricReader]) -> None:
    page = emitting[0].test_client().get("/metrics").text
    names = Counter(line.partition("{")[0] for line in page.splitlines() if not line.startswith("#"))

    described = {name: each["series"] for name, each in METRICS.items() if "series" in each}
    assert {name: sum(names[series] for series in METRICS[name]["prometheus"]) for name in described} == described
    assert set(described) == {name for name in METRICS if name.startswith("loan.")} - OF_THE_PROCESS


def test_the_business_stays_within_its_budget_of_series() -> None:
    added = [each["series"] for each in METRICS.values() if "series" in each and each["type"] != "gauge"]
    in_place = [each["series"] for each in IN_PLACE.values() if each["type"] != "gauge"]
    # Without loan.faults.active, which no service in production has.
    watched = [
        each["series"]
        for name, each in METRICS.items()
        if "series" in each and each["type"] == "gauge" and name not in IN_PLACE
    ]

    assert sum(added) == sum(declared.cost for declared in INSTRUMENTS) + sum(in_place) < 250  # per worker
    assert sum(watched) <= 140  # once


def kind_of(data: object) -> str:
    if isinstance(data, Sum):
        return "counter" if data.is_monotonic else "updowncounter"
    return type(data).__name__.lower()


def test_every_metric_is_emitted_with_its_type_and_unit(emitting: tuple[Flask, InMemoryMetricReader]) -> None:
    data = emitting[1].get_metrics_data()
    assert data is not None
    emitted: dict[str, Any] = {
        metric.name: (kind_of(metric.data), metric.unit)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }

    assert emitted == {name: (each["type"], each["unit"]) for name, each in METRICS.items()}


def test_what_is_declared_in_place_has_the_catalogues_attributes(
    emitting: tuple[Flask, InMemoryMetricReader],
) -> None:
    data = emitting[1].get_metrics_data()
    assert data is not None
    emitted = {
        metric.name: (scope.scope.name, {name for point in metric.data.data_points for name in point.attributes or {}})
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }

    assert IN_PLACE
    assert {name: emitted[name] for name in IN_PLACE} == {
        name: (each["scope"], set(each["attributes"])) for name, each in IN_PLACE.items()
    }


def test_prometheus_sees_the_catalogues_names(emitting: tuple[Flask, InMemoryMetricReader]) -> None:
    page = emitting[0].test_client().get("/metrics").text

    names = {sample.name for family in text_string_to_metric_families(page) for sample in family.samples}
    described = {name for each in (*CATALOGUE["metrics"], *CATALOGUE["page"]) for name in each["prometheus"]}
    assert names == described


def test_the_operations_whose_failure_is_logged_are_the_catalogues() -> None:
    nodes = [node for path in (ROOT / "app").rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    logging_ones = [call for call in calls if ast.unparse(call.func) in {"log_failure", "suppress_and_log"}]
    named = {first.value for call in logging_ones if isinstance(first := call.args[0], ast.Constant)}

    assert named == set(ATTRIBUTES["doing"]["values"])
