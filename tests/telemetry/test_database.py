# SPDX-License-Identifier: Apache-2.0
"""Statements on a real PostgreSQL: their spans, their durations, their errors without values, the pool."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from opentelemetry.trace import StatusCode

from app import telemetry
from app.factory import set_up_telemetry
from app.settings import Settings
from app.telemetry import redaction
from app.telemetry.statements import operation_name
from stack.postgres import Postgres
from tests.telemetry.conftest import Lines, Observed

CANARY = "canary@example.org"
CARD = "4111111111111111"  # as long as a span id in hex, so that no random id contains it
LITERALS = f"SELECT '{CANARY}', {CARD} FROM borrowers"  # noqa: S608  # fixed values


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> str:
    """Create a database with a table whose rows are personal."""
    url = postgres.create("people")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE borrowers (email text PRIMARY KEY, age int)"))
        connection.execute(sa.text("INSERT INTO borrowers VALUES (:email, 30)"), {"email": CANARY})
    engine.dispose()
    return url


@pytest.fixture
def engine(observed: Observed, database_url: str) -> Iterator[sa.Engine]:
    """Give an engine created after telemetry was set up, as the factory does; and routes that use it."""
    engine = sa.create_engine(database_url, pool_size=2, max_overflow=1, pool_pre_ping=True)
    telemetry.observe_pool(engine)
    serve(observed, engine)
    yield engine
    engine.dispose()


def serve(observed: Observed, engine: sa.Engine) -> None:
    def execute(statement: str, **values: object) -> str:
        with engine.begin() as connection:
            connection.execute(sa.text(statement), values)
        return "done"

    observed.app.add_url_rule("/read", "read", lambda: execute("SELECT age FROM borrowers WHERE email = :e", e=CANARY))
    observed.app.add_url_rule("/twice", "twice", lambda: execute("INSERT INTO borrowers VALUES (:e, 1)", e=CANARY))
    observed.app.add_url_rule("/literal", "literal", lambda: execute(LITERALS))
    observed.app.add_url_rule("/cast", "cast", lambda: execute("SELECT CAST(:e AS int)", e=CANARY))
    observed.app.add_url_rule("/health", "health", lambda: execute("SELECT 1"))


@pytest.mark.usefixtures("engine")
def test_a_statement_is_a_client_span_within_its_request(observed: Observed, database_url: str) -> None:
    observed.client.get("/read")

    server, statement = observed.span("GET /read"), observed.span("SELECT people")
    assert statement.parent is not None
    assert statement.parent.span_id == server.context.span_id
    assert dict(statement.attributes or {}) == {
        "db.system.name": "postgresql",
        "db.namespace": "people",
        "db.operation.name": "SELECT",
        "db.query.text": "SELECT age FROM borrowers WHERE email = %(e)s",
        "server.address": "127.0.0.1",
        "server.port": sa.make_url(database_url).port,
    }


@pytest.mark.usefixtures("engine")
def test_the_ping_of_a_used_connection_makes_no_span_and_is_not_measured(observed: Observed) -> None:
    for _ in range(3):  # the first request opens the connection, the others ping it
        observed.client.get("/read")

    [point] = observed.points("db.client.operation.duration")
    assert sorted(observed.names()) == ["GET /read"] * 3 + ["SELECT people"] * 3
    assert point.count == 3


@pytest.mark.usefixtures("engine")
def test_a_statement_of_an_unsampled_request_is_measured_and_has_no_span(observed: Observed) -> None:
    observed.client.get("/read", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"})

    assert observed.names() == []
    [point] = observed.points("db.client.operation.duration")
    assert (point.count, list(point.exemplars)) == (1, [])


@pytest.mark.usefixtures("clean_process")
def test_an_engine_is_observed_where_no_endpoint_is_set(settings: Settings, database_url: str) -> None:
    app, engine = Flask("loans"), sa.create_engine(database_url)
    set_up_telemetry(app, settings)
    telemetry.observe_pool(engine)

    @app.get("/age")
    def age() -> str:
        with engine.connect() as connection:
            return str(connection.execute(sa.text("SELECT 30")).scalar_one())

    assert app.test_client().get("/age").text == "30"
    engine.dispose()


@pytest.mark.usefixtures("engine")
def test_a_statement_is_measured_with_the_trace_of_its_request(observed: Observed) -> None:
    observed.client.get("/read")

    [point] = observed.points("db.client.operation.duration")
    assert dict(point.attributes) == {"db.system.name": "postgresql", "db.operation.name": "SELECT"}
    assert point.explicit_bounds[0] == 0.001
    assert 0 < point.sum < 1
    assert [exemplar.trace_id for exemplar in point.exemplars] == [observed.span("GET /read").context.trace_id]


@pytest.mark.usefixtures("engine")
def test_a_broken_constraint_is_named_without_its_row(observed: Observed, lines: Lines) -> None:
    answer = observed.client.get("/twice")

    statement, server = observed.span("INSERT people"), observed.span("GET /twice")
    [point] = observed.points("db.client.operation.duration")
    [line] = [line for line in lines() if "exception.type" in line]
    assert answer.status_code == 500
    assert statement.status is StatusCode.ERROR
    assert (statement.attributes or {})["error.type"] == "UniqueViolation"
    assert (statement.attributes or {})["db.response.status_code"] == "23505"
    assert point.attributes["error.type"] == "UniqueViolation"
    assert line["exception.type"] == "sqlalchemy.exc.IntegrityError"
    assert "psycopg2.errors.UniqueViolation [23505] borrowers_pkey" in line["exception.stacktrace"]
    assert CANARY not in statement.text + server.text + str(line)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("path", ["/twice", "/cast", "/literal"])
def test_no_signal_quotes_a_value(observed: Observed, capsys: pytest.CaptureFixture[str], path: str) -> None:
    observed.client.get(path)

    emitted = "".join(span.text for span in observed.spans.get_finished_spans()) + "".join(capsys.readouterr())
    assert "SELECT" in emitted or "INSERT" in emitted
    assert CANARY not in emitted
    assert CARD not in emitted


def test_the_driver_does_quote_the_value(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.IntegrityError) as caught, engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO borrowers VALUES (:e, 1)"), {"e": CANARY})

    assert CANARY in str(caught.value.orig)
    assert CANARY not in redaction.stacktrace(caught.value)


def test_an_error_of_the_driver_itself_has_a_type_and_no_code(observed: Observed, engine: sa.Engine) -> None:
    @observed.app.get("/adapt")
    def adapt() -> str:
        with engine.begin() as connection:
            return str(connection.execute(sa.text("SELECT :value"), {"value": object()}))

    observed.client.get("/adapt")

    attributes = observed.span("SELECT people").attributes or {}
    assert attributes["error.type"] == "ProgrammingError"
    assert "db.response.status_code" not in attributes


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELECT 1", "SELECT"),
        (" \n insert into t", "INSERT"),
        ("with a as", "WITH"),
        ("EXPLAIN", "_OTHER"),
        ("", "_OTHER"),
    ],
)
def test_an_operation_has_one_of_few_names(statement: str, name: str) -> None:
    assert operation_name(statement) == name


@pytest.mark.usefixtures("engine")
def test_a_probes_statement_leaves_no_trace_and_no_measurement(observed: Observed) -> None:
    answer = observed.client.get("/health")

    assert answer.text == "done"
    assert observed.names() == []
    assert observed.points("db.client.operation.duration") == []


def test_the_pool_is_reported_by_state(observed: Observed, engine: sa.Engine) -> None:
    with engine.connect(), engine.connect():
        used = connections(observed)
    idle = connections(observed)

    assert used == {"used": 2, "idle": 0}
    assert idle == {"used": 0, "idle": 2}
    [limit] = observed.points("db.client.connection.max")
    assert limit.value == 3
    assert limit.attributes["db.client.connection.pool.name"] == "people"


def connections(observed: Observed) -> dict[str, int]:
    points = observed.points("db.client.connection.count")
    return {point.attributes["db.client.connection.state"]: point.value for point in points}


def test_an_engine_without_a_pool_is_not_reported(observed: Observed) -> None:
    engine = sa.create_engine("sqlite://", poolclass=sa.NullPool)

    telemetry.observe_pool(engine)

    assert connections(observed) == {}


def test_a_server_that_cannot_be_reached_is_reported_with_the_reason(observed: Observed) -> None:
    engine = sa.create_engine("postgresql+psycopg2://loan:secret@127.0.0.1:1/loans")

    with pytest.raises(sa.exc.OperationalError) as caught:
        engine.connect()

    text = redaction.stacktrace(caught.value)
    assert re.search(r"^psycopg2\.OperationalError: .*Connection refused$", text, re.MULTILINE)
    assert "secret" not in text
    assert observed.points("db.client.operation.duration") == []


def test_statements_of_every_kind_are_watched(observed: Observed, engine: sa.Engine) -> None:
    @observed.app.get("/kinds")
    def kinds() -> str:
        with engine.begin() as connection:
            connection.execution_options(no_parameters=True).exec_driver_sql("SELECT 1 % 1")
            connection.execute(sa.text("UPDATE borrowers SET age = :a WHERE email = :e"), [{"a": 1, "e": "x"}] * 2)
            with pytest.raises(sa.exc.ProgrammingError):
                connection.execute(sa.text("DELETE FROM nothing WHERE a = :a"), [{"a": 1}] * 2)
        return "done"

    assert observed.client.get("/kinds").text == "done"

    spans = observed.spans.get_finished_spans()
    assert [span.name for span in spans] == ["SELECT people", "UPDATE people", "DELETE people", "GET /kinds"]
    assert [span.status is StatusCode.ERROR for span in spans] == [False, False, True, False]
    assert sum(point.count for point in observed.points("db.client.operation.duration")) == 3
