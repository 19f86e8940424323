# SPDX-License-Identifier: Apache-2.0
"""Spans, a counter and a line of the service's own, made with OpenTelemetry's API where the work is done."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.trace import SpanKind, StatusCode

from app import telemetry
from app.factory import create_app
from app.services.fault_effects import TICK_SECONDS, FaultEffects
from app.services.faults import FaultKind, Faults
from app.settings import Settings
from app.storage.fault_file import FaultFile
from tests.api_client import ApiClient, client_of
from tests.factories import application_body
from tests.telemetry.conftest import Lines, Observed

CATALOGUE = yaml.safe_load((Path(__file__).parents[2] / "docs/telemetry.yaml").read_text(encoding="utf-8"))
TERMS = {"currency": "EUR", "principal_minor": 10_000, "annual_rate_percent": "7", "term_months": 6}
DISBURSEMENT = {"amount_minor": 10_000, "disbursed_on": "2024-01-01", "first_due_on": "2024-02-01"}
PAYMENT = {"amount_minor": 1701, "currency": "EUR", "effective_on": "2024-02-01", "channel": "card"}
# The installment of a month is rounded to nothing.
NEVER_PAID_BACK = {**TERMS, "principal_minor": 1, "annual_rate_percent": "5", "term_months": 12}


@pytest.fixture
def observed(settings: Settings, database: str, clean_process: None) -> Observed:  # noqa: ARG001
    """Observe the whole service in memory."""
    seen = Observed(None)  # type: ignore[arg-type]  # built below, with the sinks of this one
    pipeline = telemetry.Pipeline(seen.spans.take, [seen.reader])
    seen.app = create_app(replace(settings, database_url=database), pipeline=pipeline)
    return seen


@pytest.fixture
def officer(observed: Observed) -> ApiClient:
    """Give an officer's client of the observed service."""
    return client_of(observed.app, "officer")


@pytest.fixture
def loan(observed: Observed, officer: ApiClient, borrower: str) -> str:  # noqa: ARG001
    """Give the path of an active loan."""
    terms = {name: value for name, value in TERMS.items() if name != "currency"}
    applicant = client_of(observed.app, "applicant")
    where: str = applicant.post("/api/v1/loans", json=application_body(**terms)).headers["Location"]
    assert officer.post(f"{where}/approve").status_code == 200
    assert officer.post(f"{where}/disburse", json=DISBURSEMENT).status_code == 201
    return where


def events_of(observed: Observed, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Give the events of the only span of a name."""
    return [(event.name, dict(event.attributes)) for event in observed.span(name).events]


def test_a_quote_is_priced_in_a_span_of_its_own(observed: Observed, officer: ApiClient) -> None:
    assert officer.post("/api/v1/quotes", json=TERMS).status_code == 200

    span, request = observed.span("price quote"), observed.span("POST /api/v1/quotes")
    assert (span.kind, span.status) == (SpanKind.INTERNAL, StatusCode.UNSET)
    assert span.parent
    assert span.parent.span_id == request.context.span_id
    assert span.attributes == {"loan.currency": "EUR", "loan.term_months": 6}
    assert events_of(observed, "price quote") == [("loan.schedule.built", {"loan.installments": 6})]


def test_a_repayment_is_posted_in_a_span_of_its_own(observed: Observed, officer: ApiClient, loan: str) -> None:
    assert officer.post(f"{loan}/repayments", json=PAYMENT).status_code == 201

    span = observed.span("post repayment")
    request = observed.span("POST /api/v1/loans/<uuid:loan_id>/repayments")
    assert span.parent
    assert span.parent.span_id == request.context.span_id
    kind = {"loan.transaction.kind": "repayment"}
    assert span.attributes == {"loan.id": loan[-36:], "loan.payment.channel": "card"} | kind
    assert events_of(observed, "post repayment") == [("loan.repayment.allocated", {"loan.installments": 6})]
    statements = [each for each in observed.spans.get_finished_spans() if each.kind is SpanKind.CLIENT]
    assert span.context.span_id in {each.parent.span_id for each in statements if each.parent}


def test_a_refusal_is_an_answer_and_no_error_of_the_span(observed: Observed, officer: ApiClient, loan: str) -> None:
    assert officer.post("/api/v1/quotes", json=NEVER_PAID_BACK).status_code == 422
    assert officer.post(f"{loan}/repayments", json=PAYMENT | {"amount_minor": 9_000}).status_code == 422

    for name in ("price quote", "post repayment"):
        assert (observed.span(name).status, events_of(observed, name)) == (StatusCode.UNSET, [])
    refused = observed.span("POST /api/v1/loans/<uuid:loan_id>/repayments")
    assert refused.attributes["loan.id"] == loan[-36:]


def test_quotes_are_counted_by_currency_and_nothing_else(observed: Observed, officer: ApiClient) -> None:
    for currency in ("EUR", "EUR", "JPY"):
        assert officer.post("/api/v1/quotes", json=TERMS | {"currency": currency}).status_code == 200
    assert officer.post("/api/v1/quotes", json=NEVER_PAID_BACK).status_code == 422

    counted = {tuple(point.attributes.items()): point.value for point in observed.points("loan.quotes")}
    assert counted == {(("loan.currency", "EUR"),): 2, (("loan.currency", "JPY"),): 1}


def test_a_quotes_line_has_the_ids_of_its_trace(observed: Observed, officer: ApiClient, lines: Lines) -> None:
    assert officer.post("/api/v1/quotes", json=TERMS).status_code == 200

    [line] = [line for line in lines() if line["event"] == "loan_quoted"]
    request = observed.span("POST /api/v1/quotes").context
    assert (line["trace_id"], line["span_id"]) == (f"{request.trace_id:032x}", f"{request.span_id:016x}")
    assert (line["loan.currency"], line["loan.term_months"]) == ("EUR", 6)


def lose_a_span() -> None:
    """Let the fault telemetry_lost make one span."""
    faults = Faults(FaultFile(None))
    faults.begin(FaultKind.TELEMETRY_LOST, 1, None, 1 / TICK_SECONDS, "operator")
    FaultEffects(faults, lambda: None, 1).tick()


def test_spans_of_our_own_have_what_is_in_the_catalogue(observed: Observed, officer: ApiClient, loan: str) -> None:
    officer.post("/api/v1/quotes", json=TERMS)
    officer.post(f"{loan}/repayments", json=PAYMENT)
    lose_a_span()

    own = [span for span in observed.spans.get_finished_spans() if span.kind is SpanKind.INTERNAL]
    spans = {row["name"]: set(row["attributes"]) for row in CATALOGUE["spans"] if row["kind"] == "internal"}
    events = {row["name"]: set(row["attributes"]) for row in CATALOGUE["span_events"] if row["name"] != "exception"}
    assert {span.name: set(span.attributes) for span in own} == spans
    assert {event.name: set(event.attributes) for span in own for event in span.events} == events
