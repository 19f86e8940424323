# SPDX-License-Identifier: Apache-2.0
"""What is counted, by which attributes, in which buckets."""

import errno
import logging
import os
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from opentelemetry import metrics

from app import telemetry
from app.domain.events import DomainEvent, LoanApplicationSubmitted
from app.domain.money import Currency
from app.factory import set_up_telemetry
from app.settings import Settings
from app.telemetry import metrics as telemetry_metrics
from app.telemetry import views
from app.telemetry.delivery.database import DATABASE_SCOPE
from app.telemetry.delivery.redacting import HTTP_SCOPE
from tests.telemetry.conftest import Lines, Observed, add_routes


def test_a_request_is_measured_by_route_method_and_status(observed: Observed) -> None:
    observed.client.get("/loans/7")

    [point] = observed.points("http.server.request.duration")
    assert point.count == 1
    assert dict(point.attributes) == {
        "http.request.method": "GET",
        "http.route": "/loans/<int:number>",
        "http.response.status_code": 200,
    }


def test_a_failed_request_is_measured_with_its_error(observed: Observed) -> None:
    observed.client.get("/boom")

    [point] = observed.points("http.server.request.duration")
    assert point.attributes["error.type"] == "500"


def test_the_buckets_count_the_latency_objective_exactly(observed: Observed) -> None:
    observed.client.get("/loans/7")

    [point] = observed.points("http.server.request.duration")
    assert point.explicit_bounds == views.REQUEST_SECONDS
    assert 0.5 in point.explicit_bounds


def test_a_measurement_carries_the_trace_as_its_exemplar(observed: Observed) -> None:
    trace_id = observed.client.get("/loans/7").json

    [point] = observed.points("http.server.request.duration")
    [exemplar] = point.exemplars
    assert trace_id is not None
    assert f"{exemplar.trace_id:032x}" == trace_id["trace_id"]


def test_thousands_of_unknown_paths_and_methods_are_two_series(observed: Observed) -> None:
    for number in range(300):
        observed.client.get(f"/scan/{number}", headers={"Host": f"host-{number}.example"})
        observed.client.open(f"/scan/{number}", method=f"M{number}")

    assert len(observed.points("http.server.request.duration")) == 2
    assert len(observed.points("http.server.active_requests")) == 1


def cardinality_of(attribute: str, settings: Settings) -> int:
    seen = Observed(Flask("loans"))
    set_up_telemetry(seen.app, settings, telemetry.Pipeline(seen.spans.take, [seen.reader]))
    meter = metrics.get_meter("loan-service")
    counter = meter.create_counter("loan.applications", "{application}", "Loan applications submitted and committed.")
    for number in range(100):
        counter.add(1, {attribute: str(number)})
    return len(seen.points("loan.applications"))


@pytest.mark.usefixtures("clean_process")
def test_a_view_keeps_an_unbounded_attribute_out(settings: Settings) -> None:
    assert cardinality_of("loan.id", settings) == len(Currency) + 1


@pytest.mark.usefixtures("clean_process")
def test_without_the_view_the_same_attribute_gets_through(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = views.Listed("loan.applications", ("loan.currency", "loan.id"))
    monkeypatch.setattr(telemetry_metrics, "VIEWS", list(views.views((listed,))))

    assert cardinality_of("loan.id", settings) == len(Currency) + 100


@pytest.mark.usefixtures("observed")
def test_a_metric_of_an_instrumentor_without_a_view_is_dropped(observed: Observed) -> None:
    for scope in (HTTP_SCOPE, DATABASE_SCOPE):
        metrics.get_meter(scope).create_counter("surprise").add(1)

    assert observed.points("surprise") == []


@pytest.mark.usefixtures("observed")
def test_an_own_metric_without_a_view_is_measured(observed: Observed) -> None:
    metrics.get_meter("app.pricing").create_counter("surprise").add(1, {"my.attribute": "kept"})

    [point] = observed.points("surprise")
    assert (point.value, dict(point.attributes)) == (1, {"my.attribute": "kept"})


def test_applications_are_born_at_zero_for_every_currency(observed: Observed) -> None:
    points = {point.attributes["loan.currency"]: point.value for point in observed.points("loan.applications")}

    assert points == {currency.value: 0 for currency in Currency}


def test_a_submitted_application_is_counted_logged_and_noted_on_the_span(observed: Observed, lines: Lines) -> None:
    loan_id = uuid4()

    @observed.app.post("/submit")
    def submit() -> str:
        telemetry.record(LoanApplicationSubmitted(loan_id, Currency.EUR))
        return "submitted"

    observed.client.post("/submit")

    span = observed.span("POST /submit")
    [line] = [line for line in lines() if line["event"] == "loan_application_submitted"]
    counts = {point.attributes["loan.currency"]: point.value for point in observed.points("loan.applications")}
    assert counts["EUR"] == 1
    assert (span.attributes or {})["loan.id"] == str(loan_id)
    assert line["loan.id"] == str(loan_id)
    assert line["loan.currency"] == "EUR"
    assert line["trace_id"] == f"{span.context.trace_id:032x}"


def test_an_event_without_a_handler_is_a_warning() -> None:
    with pytest.warns(UserWarning, match="no signal for DomainEvent"):
        telemetry.record(DomainEvent())


def test_the_limit_of_threads_stands_beside_the_active_requests(observed: Observed) -> None:
    active: list[int] = []

    @observed.app.get("/busy")
    def busy() -> str:
        active.extend(point.value for point in observed.points("http.server.active_requests"))
        return "busy"

    observed.client.get("/busy")

    assert active == [1]
    assert [point.value for point in observed.points("http.server.active_requests")] == [0]
    assert [point.value for point in observed.points("loan.service.threads.limit")] == [4]


@pytest.mark.usefixtures("clean_process")
def test_a_log_line_that_a_full_disk_does_not_take_is_counted(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    observed = Observed(Flask("loans"))
    pipeline = telemetry.Pipeline(observed.spans.take, [observed.reader])
    set_up_telemetry(observed.app, replace(settings, log_dir=tmp_path), pipeline)
    add_routes(observed.app)
    observed.client.get("/loans/7")
    before = lines_lost(observed)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        observed.client.get("/loans/7")
        logging.getLogger("app.some.module").warning("anything")

    assert before == {"file": 0, "stdout": 0}
    assert lines_lost(observed) == {"file": 2, "stdout": 0}


def lines_lost(observed: Observed) -> dict[str, int]:
    points = observed.points("loan.service.log.lines.lost")
    return {point.attributes["loan.log.sink"]: point.value for point in points}


@pytest.mark.usefixtures("clean_process")
def test_switched_off_the_app_works_and_writes_nothing_but_its_request_lines(settings: Settings, lines: Lines) -> None:
    app = Flask("loans")
    set_up_telemetry(app, replace(settings, telemetry_disabled=True))
    add_routes(app)

    answer = app.test_client().get("/loans/7")
    page = app.test_client().get("/metrics")
    telemetry.record(LoanApplicationSubmitted(uuid4(), Currency.EUR))

    assert answer.json == {"number": 7, "trace_id": None}
    assert page.text.splitlines()[-1] == 'loan_service_worker_up{worker="0"} 1.0'
    assert [line["event"] for line in lines()] == ["http_request", "loan_application_submitted"]
