# SPDX-License-Identifier: Apache-2.0
"""When the instrumentation of statements fails, the statement's outcome stays, on a real PostgreSQL."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app import telemetry
from app.settings import TelemetryPipeline
from app.telemetry import safety
from app.telemetry.log_sinks import OncePerMinute
from stack.postgres import Postgres
from tests.telemetry.conftest import Lines, Observed

TIMES = 3
LIGHT = pytest.mark.parametrize("settings", [TelemetryPipeline.LIGHT], indirect=True)


def broken(*_arguments: object, **_more: object) -> Any:  # noqa: ANN401  # it gives nothing back
    raise RuntimeError("broken")


@pytest.fixture(autouse=True)
def silent_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "_failure_limits", defaultdict(OncePerMinute))


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> str:
    return postgres.create("edges")


@pytest.fixture
def engine(observed: Observed, database_url: str) -> Iterator[sa.Engine]:
    """Serve a statement that succeeds, and one that the database refuses."""
    engine = sa.create_engine(database_url)
    telemetry.observe_pool(engine)

    def execute(statement: str) -> str:
        with engine.begin() as connection:
            return str(connection.execute(sa.text(statement)).scalar_one())

    observed.app.add_url_rule("/seven", "seven", lambda: execute("SELECT 7"))
    observed.app.add_url_rule("/refused", "refused", lambda: execute("SELECT 1/0"))
    yield engine
    engine.dispose()


def events(lines: list[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in lines]


@LIGHT
@pytest.mark.usefixtures("engine")
def test_a_listener_that_fails_changes_no_outcome(
    observed: Observed, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.telemetry_light.statements.described", broken)

    answers = [(observed.client.get("/seven").text, observed.client.get("/refused").status_code) for _ in range(TIMES)]

    written = lines()
    causes = {line["exception.type"] for line in written if line["event"] == "unhandled_exception"}
    assert answers == [("7", 500)] * TIMES
    assert causes == {"sqlalchemy.exc.DataError"}
    assert [line["doing"] for line in written if line["event"] == "telemetry_failed"] == ["ending_a_statement"]
    assert events(written).count("http_request") == 2 * TIMES
    assert sorted(observed.names()) == ["GET /refused"] * TIMES + ["GET /seven"] * TIMES
    assert sum(point.count for point in observed.points("http.server.request.duration")) == 2 * TIMES


@LIGHT
@pytest.mark.usefixtures("engine")
def test_a_span_that_cannot_be_put_costs_no_measurement(
    observed: Observed, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.telemetry_light.statements.SpanRecord", broken)

    answers = [observed.client.get("/seven").text for _ in range(TIMES)]

    assert answers == ["7"] * TIMES
    assert events(lines()).count("telemetry_failed") == 1
    assert sum(point.count for point in observed.points("db.client.operation.duration")) == TIMES


@pytest.mark.usefixtures("engine")
def test_a_listener_that_works_gets_both(observed: Observed, lines: Lines) -> None:
    observed.client.get("/seven")
    observed.client.get("/refused")

    assert sorted(observed.names()) == ["GET /refused", "GET /seven", "SELECT edges", "SELECT edges"]
    assert "telemetry_failed" not in events(lines())
