# SPDX-License-Identifier: Apache-2.0
"""A wall clock that is set while a request is under way: durations are right, and no span ends before it began."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app import telemetry
from app.settings import Settings, TelemetryPipeline
from stack.postgres import Postgres
from tests.telemetry.conftest import Lines, Observed
from tests.telemetry.spans_seen import SpanSeen

HOUR = 3600 * 10**9
NAP_SECONDS = 0.02
# Whatever a busy machine adds; an hour is far away.
AT_MOST_SECONDS = 5.0


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the wall clock, as an administrator or a virtual machine that was asleep does."""
    real, offset = time.time_ns, [0]
    monkeypatch.setattr("time.time_ns", lambda: real() + offset[0])
    monkeypatch.setattr("opentelemetry.instrumentation.flask.time_ns", lambda: real() + offset[0])  # it holds the name
    monkeypatch.setattr("time.time", lambda: (real() + offset[0]) / 1e9)

    def step(nanoseconds: int) -> None:
        offset[0] += nanoseconds

    return step


@pytest.fixture
def engine(observed: Observed, postgres: Postgres) -> Iterator[sa.Engine]:  # noqa: ARG001  # telemetry comes first
    engine = sa.create_engine(postgres.create("clock"))
    telemetry.observe_pool(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("step", [-HOUR, HOUR, -50 * 365 * 24 * HOUR])
def test_durations_do_not_follow_the_wall_clock(
    observed: Observed, settings: Settings, set_clock: Callable[[int], None], lines: Lines, step: int
) -> None:
    @observed.app.get("/stepped")
    def stepped() -> str:
        time.sleep(NAP_SECONDS / 2)
        set_clock(step)
        time.sleep(NAP_SECONDS / 2)
        return "stepped"

    observed.client.get("/stepped")

    span = observed.span("GET /stepped")
    assert span.start_time <= span.end_time
    [point] = observed.points("http.server.request.duration")
    [line] = [line for line in lines() if line["event"] == "http_request"]
    for seconds in (point.sum, line["http.server.request.duration"], *lasted(settings, span)):
        assert NAP_SECONDS <= seconds < AT_MOST_SECONDS


def lasted(settings: Settings, span: SpanSeen) -> list[float]:
    """Give the seconds between a span's times; those of the SDK's spans are the wall clock's, whatever it does."""
    light = settings.telemetry_pipeline is TelemetryPipeline.LIGHT
    return [(span.end_time - span.start_time) / 1e9] if light else []


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_a_statement_keeps_its_duration_too(  # noqa: PLR0917  # fixtures
    observed: Observed,
    settings: Settings,
    engine: sa.Engine,
    set_clock: Callable[[int], None],
    step: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execute = engine.dialect.do_execute

    def execute_meanwhile(*arguments: Any) -> None:  # noqa: ANN401  # the driver's
        execute(*arguments)
        set_clock(step)

    @observed.app.get("/slept")
    def slept() -> str:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_sleep(:seconds)"), {"seconds": NAP_SECONDS})
        return "slept"

    monkeypatch.setattr(engine.dialect, "do_execute", execute_meanwhile)
    observed.client.get("/slept")

    spans = observed.spans.get_finished_spans()
    [point] = observed.points("db.client.operation.duration")
    assert NAP_SECONDS <= point.sum < AT_MOST_SECONDS
    assert sorted(span.name for span in spans) == ["GET /slept", "SELECT clock"]
    for span in spans:
        assert span.start_time <= span.end_time
        for seconds in lasted(settings, span):
            assert NAP_SECONDS <= seconds < AT_MOST_SECONDS


def test_the_clock_of_these_tests_is_the_one_that_spans_begin_by(
    observed: Observed, set_clock: Callable[[int], None]
) -> None:
    before = time.time_ns()
    set_clock(HOUR)

    observed.client.get("/loans/7")

    assert HOUR <= observed.span("GET /loans/<int:number>").start_time - before < HOUR + AT_MOST_SECONDS * 1e9
