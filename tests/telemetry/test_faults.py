# SPDX-License-Identifier: Apache-2.0
"""Faults on request, on the whole service with its database: each is felt while it runs, and no longer."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from opentelemetry.trace import StatusCode

from app import telemetry
from app.access import DEV_SECRETS
from app.factory import create_app
from app.services import fault_effects
from app.services.fault_effects import CANARY, TICK_SECONDS, FaultEffects
from app.services.faults import AMOUNTS, SHARED, FaultKind, Faults, RunningFault
from app.services.faulty import strikes
from app.settings import Settings
from app.storage.database import db
from app.storage.fault_file import FaultFile, forget_faults
from stack.polling import poll
from tests.api_client import ApiClient, client_of
from tests.concurrency.gunicorn import Client, serving
from tests.conftest import disposing
from tests.factories import application_body
from tests.telemetry.conftest import Lines, Observed

FAULTS = "/ops/faults"
QUOTES = "/api/v1/quotes"
LOANS = "/api/v1/loans"
TERMS = {"currency": "EUR", "principal_minor": 10_000, "annual_rate_percent": "7", "term_months": 6}
SMALL = {name: value for name, value in TERMS.items() if name != "currency"}
DISBURSEMENT = {"amount_minor": 10_000, "disbursed_on": "2024-01-01", "first_due_on": "2024-02-01"}
PAYMENT = {"amount_minor": 1701, "currency": "EUR", "effective_on": "2024-02-01", "channel": "card"}
SECONDS = 10.0  # until an effect is there; a tick is a fiftieth
Begin = Callable[..., Any]


@pytest.fixture
def observed(settings: Settings, database: str, clean_process: None) -> Iterator[Observed]:  # noqa: ARG001
    """Observe the service with faults in memory."""
    seen = Observed(None)  # type: ignore[arg-type]  # built below, with the sinks of this one
    pipeline = telemetry.Pipeline(seen.spans.take, [seen.reader])
    with_faults = replace(settings, database_url=database, faults=True, api_threads=2)
    with disposing(create_app(with_faults, pipeline=pipeline)) as app:
        seen.app = app
        yield seen


@pytest.fixture
def officer(observed: Observed) -> ApiClient:
    return client_of(observed.app, "officer")


@pytest.fixture
def operator(observed: Observed) -> ApiClient:
    return client_of(observed.app, "operator")


@pytest.fixture
def begin(operator: ApiClient) -> Begin:
    """Give a way to begin a fault."""

    def send(kind: str, **more: object) -> None:
        answer = operator.post(FAULTS, json={"kind": kind, "lasts_seconds": 60, **more})
        assert answer.status_code == 201, answer.text

    return send


@pytest.fixture
def serve(observed: Observed) -> Iterator[None]:  # noqa: ARG001
    """Run the background tasks, as a worker does."""
    telemetry.join_workers()
    yield
    telemetry.shut_down(1)


def running(operator: ApiClient) -> list[str]:
    answer = operator.get(FAULTS)
    assert answer.status_code == 200
    return [fault["kind"] for fault in (answer.json or {})["items"]]


def end(operator: ApiClient, kind: str) -> None:
    assert operator.delete(f"{FAULTS}/{kind}").status_code == 204


def lines_with(lines: Lines, event: str) -> list[dict[str, Any]]:
    """Wait for a line with an event; give all lines until then."""
    seen: list[dict[str, Any]] = []

    def found() -> bool:
        seen.extend(lines())
        return any(line["event"] == event for line in seen)

    poll(found, SECONDS, event)
    return seen


def code(answer: Any) -> tuple[int, str]:  # noqa: ANN401  # an answer
    return answer.status_code, (answer.json or {}).get("code", "")


def approved(app: Any, officer: ApiClient) -> tuple[str, str]:  # noqa: ANN401  # a Flask app
    """Approve a new application; give its path and status."""
    where = client_of(app, "applicant").post(LOANS, json=application_body(**SMALL)).headers["Location"]
    answer = officer.post(f"{where}/approve")
    assert answer.status_code == 200
    return where, (answer.json or {})["status"]


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
    told = [line for line in lines() if line["event"].startswith("fault_")]
    assert [(line["event"], line["loan.fault.kind"], line["auth.key_id"]) for line in told] == [
        ("fault_started", "latency", "operator"),
        ("fault_ended", "latency", "operator"),
    ]
    assert (told[0]["loan.fault.seconds"], told[1]["loan.fault.end"]) == (60, "deleted")


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


def test_a_share_is_a_share() -> None:
    board = FaultFile(None)
    board.begin(RunningFault(FaultKind.ERRORS, 0.5, 0, 60))

    assert 300 < sum(strikes(board, FaultKind.ERRORS) for _ in range(1000)) < 700
    assert not strikes(board, FaultKind.CPU)


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


# The worker


def effects_of(kind: FaultKind, amount: float | None = None) -> tuple[Faults, FaultEffects]:
    """Begin a fault in effects that no thread applies."""
    faults = Faults(FaultFile(None))
    faults.begin(kind, 60, None, amount, "operator")
    return faults, FaultEffects(faults, lambda: None, 1)


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / (1 << 20)


def test_memory_grows_to_its_limit_and_is_given_back() -> None:
    faults, effects = effects_of(FaultKind.MEMORY, 64)
    before = resident_mib()
    for _ in range(12):  # more than it needs
        effects.tick()
    grown = resident_mib() - before
    faults.end(FaultKind.MEMORY, "operator")
    effects.tick()

    assert 56 < grown < 80
    assert resident_mib() - before < 24


def burning() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fault-cpu"]


def test_a_burning_cpu_is_one_thread_until_its_end() -> None:
    faults, effects = effects_of(FaultKind.CPU)
    effects.tick()
    effects.tick()
    [thread] = burning()
    began = time.process_time()
    poll(lambda: time.process_time() - began > 0.2, SECONDS, "CPU time")

    faults.end(FaultKind.CPU, "operator")
    thread.join(SECONDS)
    assert burning() == []


def test_a_log_flood_is_as_many_lines_as_it_may(caplog: pytest.LogCaptureFixture) -> None:
    _, effects = effects_of(FaultKind.LOG_FLOOD, 50)
    effects.tick()

    assert [record.message for record in caplog.records].count("fault_log_line") == 50 * TICK_SECONDS


def test_personal_data_in_an_exceptions_text_is_not_written(
    begin: Begin,
    serve: None,  # noqa: ARG001
    lines: Lines,
) -> None:
    begin("personal_data")
    seen = lines_with(lines, "fault_personal_data")

    line = next(line for line in seen if line["event"] == "fault_personal_data")
    assert line.pop("loan.fault.canary") == CANARY  # the field is the collector's to mask
    assert line["exception.type"] == "ValueError"
    assert "canary.person" not in json.dumps(line)


def test_personal_data_is_one_line_a_second(caplog: pytest.LogCaptureFixture) -> None:
    _, effects = effects_of(FaultKind.PERSONAL_DATA)
    effects.tick()
    effects.tick()

    assert [record.message for record in caplog.records].count("fault_personal_data") == 1


def test_lost_telemetry_is_spans_in_the_real_queue(
    observed: Observed,
    operator: ApiClient,
    begin: Begin,
    serve: None,  # noqa: ARG001
) -> None:
    begin("telemetry_lost", amount=10)

    poll(lambda: observed.names().count("fault span") >= 2, SECONDS, "spans")
    end(operator, "telemetry_lost")


def test_an_effect_that_fails_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    faults, _ = effects_of(FaultKind.POOL_HELD)
    asked: list[int] = []

    def hold() -> Any:  # noqa: ANN401  # nothing is returned
        asked.append(1)
        raise OSError(CANARY)

    effects = FaultEffects(faults, hold, 1)
    effects.start()
    poll(lambda: len(asked) > 1, SECONDS, "another try")
    effects.stop()

    assert "fault_effect_failed" in [record.message for record in caplog.records]


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


# What the workers share


def test_each_worker_sees_what_one_of_them_began(tmp_path: Path) -> None:
    one, other = FaultFile(tmp_path), FaultFile(tmp_path)
    assert one.begin(RunningFault(FaultKind.CPU, 1, 0, 60))

    assert [fault.kind for fault in other.running()] == [FaultKind.CPU]
    assert not other.begin(RunningFault(FaultKind.CPU, 1, 0, 60))
    assert other.end(FaultKind.CPU)
    assert not one.end(FaultKind.CPU)
    assert one.running() == []


def test_an_expired_fault_is_told_to_one_worker(tmp_path: Path) -> None:
    clock = SimpleNamespace(now=100.0)
    one, other = (FaultFile(tmp_path, lambda: clock.now) for _ in range(2))
    one.begin(RunningFault(FaultKind.CPU, 1, 0, 60))
    assert one.expired() == []
    clock.now = 161.0

    assert (one.expired(), other.expired()) == ([FaultKind.CPU], [])


def test_a_file_of_another_boot_holds_nothing(tmp_path: Path) -> None:
    FaultFile(tmp_path, lambda: 1e6).begin(RunningFault(FaultKind.CPU, 1, 0, 60))

    assert FaultFile(tmp_path, lambda: 10.0).running() == []


def test_a_new_server_forgets_the_faults_of_an_earlier_one(tmp_path: Path) -> None:
    FaultFile(tmp_path).begin(RunningFault(FaultKind.CPU, 1, 0, 60))
    forget_faults(tmp_path)

    assert FaultFile(tmp_path).running() == []


def test_a_process_without_a_slot_has_its_faults_for_itself(
    settings: Settings,
    database: str,
    clean_process: None,  # noqa: ARG001
) -> None:
    alone = replace(settings, database_url=database, worker_slot=None, faults=True)
    with disposing(create_app(alone)) as app:
        assert client_of(app, "operator").post(FAULTS, json={"kind": "cpu", "lasts_seconds": 9}).status_code == 201

    assert not (settings.telemetry_dir / "faults").exists()


def test_each_amount_has_a_kind_and_each_limit_its_usual_value() -> None:
    assert all(0 < amount.usual <= amount.most for amount in AMOUNTS.values())
    assert not SHARED - set(FaultKind)
    assert fault_effects.MIB == 1024 * 1024


def statuses_by_worker(base: str, logs: Path, seen: set[int]) -> set[str]:
    """Send a request over a connection of its own; give the workers that have answered 503 so far."""
    headers = {"Authorization": f"Bearer {DEV_SECRETS['officer']}", "Connection": "close"}
    seen.add(requests.get(base + LOANS, headers=headers, timeout=SECONDS).status_code)
    lines = [json.loads(line) for path in logs.iterdir() for line in path.read_text().splitlines()]
    return {line["service.instance.id"] for line in lines if line.get("http.response.status_code") == 503}


def test_all_of_gunicorns_workers_obey_and_a_restart_ends_it(tmp_path: Path, database: str) -> None:
    environ = {"FAULTS": "true", "API_WORKERS": "2", "API_THREADS": "1"}
    seen: set[int] = set()
    with serving(tmp_path, database, **environ) as service:
        operator = Client(service, "operator")
        assert operator.once("POST", FAULTS, body={"kind": "errors", "lasts_seconds": 600}).status_code == 201
        operator.close()
        # One worker may still be starting, and either may be the quicker one many times.
        logs = tmp_path / "logs"
        poll(lambda: len(statuses_by_worker(service.base, logs, seen)) == 2, 30.0, "answers of both workers")
    after: set[int] = set()
    with serving(tmp_path, database, **environ) as service:
        statuses_by_worker(service.base, tmp_path / "logs", after)

    assert (seen, after) == ({503}, {200})
