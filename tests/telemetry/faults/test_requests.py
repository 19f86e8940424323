# SPDX-License-Identifier: Apache-2.0
"""Faults of requests, statements and the business: each is felt while it runs, and no longer."""

import time
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from opentelemetry.trace import StatusCode

from app import telemetry
from app.factory import create_app
from app.services.fault_effects import TICK_SECONDS, FaultEffects
from app.services.faults import FaultKind, Faults
from app.settings import Settings
from app.storage.database import db
from app.storage.fault_file import FaultFile
from stack.polling import poll
from tests.api_client import ApiClient, client_of
from tests.conftest import disposing
from tests.telemetry.conftest import Lines, Observed
from tests.telemetry.faults.conftest import (
    DISBURSEMENT,
    FAULTS,
    LOANS,
    PAYMENT,
    QUOTES,
    SECONDS,
    TERMS,
    Begin,
    approved,
    code,
    end,
    lines_with,
    running,
)

# Who may, and what is refused


def test_without_the_setting_nothing_is_installed(settings: Settings, database: str, clean_process: None) -> None:  # noqa: ARG001
    with disposing(create_app(replace(settings, database_url=database))) as app:
        answer = client_of(app, "operator").post(FAULTS, json={"kind": "cpu", "lasts_seconds": 1})

        assert answer.status_code == 404
        assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/ops")]
        assert type(app.extensions["loan_service"].servicing).__name__ == "Servicing"
        assert not (settings.telemetry_dir / "faults").exists()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_only_a_key_with_the_scope_may(observed: Observed, officer: ApiClient, method: str) -> None:
    path = f"{FAULTS}/cpu" if method == "DELETE" else FAULTS

    assert code(officer.open(path, method=method)) == (403, "insufficient_scope")
    assert code(FlaskClient(observed.app).open(path, method=method)) == (401, "unauthenticated")


def test_the_scope_opens_nothing_else(operator: ApiClient) -> None:
    assert code(operator.get(LOANS)) == (403, "insufficient_scope")


def test_the_openapi_document_has_it(observed: Observed) -> None:
    document = observed.client.get("/openapi.json").json or {}

    assert set(document["paths"][FAULTS]) == {"get", "post"}
    assert set(document["paths"][f"{FAULTS}/{{kind}}"]) == {"delete"}
    assert document["paths"][FAULTS]["post"]["security"] == [{"bearer": ["ops:faults"]}]


def test_an_unknown_or_ended_fault_cannot_be_ended(operator: ApiClient) -> None:
    assert code(operator.delete(f"{FAULTS}/cpu")) == (404, "fault_not_running")
    assert code(operator.delete(f"{FAULTS}/flood")) == (404, "unknown_fault")


# Begin, list, end


def test_a_fault_is_listed_measured_and_logged(
    observed: Observed, operator: ApiClient, begin: Begin, lines: Lines
) -> None:
    begin("latency", share=0.5, amount=0.2)
    items = (operator.get(FAULTS).json or {})["items"]
    active = {point.attributes["loan.fault.kind"]: point.value for point in observed.points("loan.faults.active")}
    end(operator, "latency")
    after = {point.value for point in observed.points("loan.faults.active")}

    [item] = items
    assert 0 < item.pop("seconds_left") <= 60
    assert item == {"kind": "latency", "share": 0.5, "amount": 0.2}
    assert active == {kind.value: int(kind is FaultKind.LATENCY) for kind in FaultKind}
    assert after == {0}
    assert running(operator) == []
    logged = [line for line in lines() if line["event"].startswith("fault_")]
    assert [(line["event"], line["loan.fault.kind"], line["auth.key_id"]) for line in logged] == [
        ("fault_started", "latency", "operator"),
        ("fault_ended", "latency", "operator"),
    ]
    assert (logged[0]["loan.fault.seconds"], logged[1]["loan.fault.end"]) == (60, "deleted")


def test_a_second_fault_of_a_kind_is_refused_while_the_first_runs(operator: ApiClient, begin: Begin) -> None:
    begin("cpu")

    assert code(operator.post(FAULTS, json={"kind": "cpu", "lasts_seconds": 1})) == (409, "fault_running")
    end(operator, "cpu")
    begin("cpu")


def test_a_fault_ends_by_itself(operator: ApiClient, serve: None, lines: Lines) -> None:  # noqa: ARG001
    assert operator.post(FAULTS, json={"kind": "errors", "lasts_seconds": 1}).status_code == 201

    poll(lambda: not running(operator), SECONDS, "the end of the fault")
    seen = lines_with(lines, "fault_ended")
    [line] = [line for line in seen if line["event"] == "fault_ended"]
    assert (line["loan.fault.kind"], line["loan.fault.end"]) == ("errors", "expired")
    assert "auth.key_id" not in line


# Requests


def test_latency_delays_the_api_and_nothing_else(observed: Observed, officer: ApiClient, begin: Begin) -> None:
    begin("latency", amount=0.3)

    def seconds(path: str, client: Any) -> float:  # noqa: ANN401  # a client
        began = time.perf_counter()
        assert client.get(path).status_code == 200
        return time.perf_counter() - began

    assert seconds(LOANS, officer) > 0.3
    slowest = max(point.sum for point in observed.points("http.server.request.duration"))
    assert slowest > 0.3
    assert sum(seconds(path, observed.client) for path in ("/livez", "/metrics", "/livez")) < 0.3


@pytest.mark.parametrize(
    ("kind", "expected"), [("errors", (503, "fault_injected")), ("exceptions", (500, "internal_error"))]
)
def test_requests_fail(observed: Observed, begin: Begin, kind: str, expected: tuple[int, str]) -> None:
    officer, operator = client_of(observed.app, "officer"), client_of(observed.app, "operator")
    begin(kind)

    assert code(officer.post(QUOTES, json=TERMS)) == expected
    assert code(FlaskClient(observed.app).get(LOANS)) == (401, "unauthenticated")
    for path in ("/livez", "/readyz", "/health", "/metrics"):
        assert observed.client.get(path).status_code == 200
    assert observed.span("POST /api/v1/quotes").status is StatusCode.ERROR
    assert running(operator) == [kind]
    end(operator, kind)
    assert officer.post(QUOTES, json=TERMS).status_code == 200


# The database


def test_slow_sql_is_slow_in_the_database(observed: Observed, officer: ApiClient, begin: Begin) -> None:
    assert officer.get(LOANS).status_code == 200
    begin("slow_sql", amount=0.3)
    before = max(point.max for point in observed.points("db.client.operation.duration"))

    assert officer.get(LOANS).status_code == 200
    assert before < 0.3 < max(point.max for point in observed.points("db.client.operation.duration"))
    assert observed.client.get("/readyz").status_code == 200


def test_a_statement_beyond_its_limit_is_ended_by_postgresql(
    officer: ApiClient, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    begin("slow_sql", amount=5)

    assert code(officer.get(LOANS)) == (503, "storage_unavailable")
    assert [
        record.__dict__["db.response.status_code"]
        for record in caplog.records
        if hasattr(record, "db.response.status_code")
    ] == ["57014"]


def test_failing_sql_is_refused_by_postgresql(
    observed: Observed, officer: ApiClient, operator: ApiClient, begin: Begin
) -> None:
    begin("failing_sql")

    assert code(officer.get(LOANS)) == (503, "storage_unavailable")
    failed = [span for span in observed.spans.get_finished_spans() if "db.response.status_code" in span.attributes]
    assert {span.attributes["db.response.status_code"] for span in failed} == {"53000"}
    assert observed.client.get("/readyz").status_code == 200
    end(operator, "failing_sql")
    assert officer.get(LOANS).status_code == 200


def test_several_rows_at_once_and_commands_are_left_alone(observed: Observed, begin: Begin) -> None:
    begin("failing_sql")

    with observed.app.app_context(), db.engine.connect() as connection:
        assert connection.scalar(db.text("SELECT 7")) == 7
    with observed.app.test_request_context("/health"), db.engine.connect() as connection:
        assert connection.scalar(db.text("SELECT 7")) == 7
    with observed.app.test_request_context(LOANS), db.engine.connect() as connection:
        connection.execute(db.text("SELECT :n"), [{"n": 1}, {"n": 2}])


def test_a_held_pool_has_no_connection_for_requests(
    observed: Observed,
    officer: ApiClient,
    operator: ApiClient,
    begin: Begin,
    serve: None,  # noqa: ARG001
) -> None:
    with observed.app.app_context():
        pool: Any = db.engine.pool
    begin("pool_held")

    poll(lambda: pool.checkedout() == 2, SECONDS, "a held pool")
    assert code(officer.get(LOANS)) == (503, "storage_unavailable")
    assert observed.client.get("/readyz").status_code == 200
    end(operator, "pool_held")
    poll(lambda: pool.checkedout() == 0, SECONDS, "a free pool")
    assert officer.get(LOANS).status_code == 200


def test_a_pool_that_gives_no_connection_is_asked_again() -> None:
    faults, asked = Faults(FaultFile(None)), []
    effects = FaultEffects(faults, lambda: asked.append(1), 2)
    faults.begin(FaultKind.POOL_HELD, 60, None, 1, "operator")

    effects.tick()
    effects.tick()

    assert len(asked) == 2


def test_a_database_that_is_away_gives_no_connection(settings: Settings, clean_process: None) -> None:  # noqa: ARG001
    away = replace(settings, faults=True, database_url="postgresql+psycopg2://loan:loan@127.0.0.1:1/loans")
    app = create_app(away)
    assert client_of(app, "operator").post(FAULTS, json={"kind": "pool_held", "lasts_seconds": 9}).status_code == 201
    telemetry.join_workers()
    time.sleep(3 * TICK_SECONDS)

    assert running(client_of(app, "operator")) == ["pool_held"]


# The business


@pytest.mark.usefixtures("borrower")
def test_approvals_are_rejected(observed: Observed, officer: ApiClient, operator: ApiClient, begin: Begin) -> None:
    begin("approvals_rejected")

    assert approved(observed.app, officer)[1] == "rejected"
    end(operator, "approvals_rejected")
    assert approved(observed.app, officer)[1] == "approved"


@pytest.mark.usefixtures("borrower")
def test_repayments_fail(observed: Observed, officer: ApiClient, operator: ApiClient, begin: Begin) -> None:
    where, _ = approved(observed.app, officer)
    assert officer.post(f"{where}/disburse", json=DISBURSEMENT).status_code == 201
    begin("repayments_failing")

    assert code(officer.post(f"{where}/repayments", json=PAYMENT)) == (500, "internal_error")
    assert officer.post(QUOTES, json=TERMS).status_code == 200
    end(operator, "repayments_failing")
    assert officer.post(f"{where}/repayments", json=PAYMENT).status_code == 201
