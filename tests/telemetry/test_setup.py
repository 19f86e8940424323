# SPDX-License-Identifier: Apache-2.0
"""Switching on once per process, and off again."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from app import telemetry
from app.factory import set_up_telemetry
from app.settings import Settings
from tests.telemetry.conftest import Observed, add_routes


def test_a_second_app_shares_the_process_and_is_observed_as_well(observed: Observed, settings: Settings) -> None:
    second = Flask("second")
    set_up_telemetry(second, settings)
    add_routes(second)

    observed.client.get("/loans/1")
    second.test_client().get("/loans/2")

    assert observed.names() == ["GET /loans/<int:number>"] * 2
    [point] = observed.points("http.server.request.duration")
    assert point.count == 2


@pytest.mark.usefixtures("clean_process")
def test_before_set_up_everything_is_a_quiet_no() -> None:
    engine = sa.create_engine("sqlite://")

    telemetry.observe_pool(engine)
    telemetry.join_workers()
    telemetry.shut_down(1)

    assert telemetry.current_trace_id() is None


@pytest.mark.usefixtures("clean_process")
def test_a_worker_without_telemetry_still_joins(settings: Settings) -> None:
    app = Flask("loans")
    set_up_telemetry(app, replace(settings, telemetry_disabled=True))
    settings.telemetry_dir.mkdir()

    telemetry.observe_pool(sa.create_engine("sqlite://"))
    telemetry.join_workers()

    assert (settings.telemetry_dir / "w0.sock").exists()


@pytest.mark.usefixtures("clean_process")
def test_shutting_down_switches_off_so_that_a_new_set_up_begins_anew(settings: Settings) -> None:
    for _ in range(2):
        seen = Observed(Flask("loans"))
        set_up_telemetry(seen.app, settings, telemetry.Pipeline(seen.spans.take, [seen.reader]))
        add_routes(seen.app)
        seen.client.get("/loans/1")

        assert seen.names() == ["GET /loans/<int:number>"]
        telemetry.shut_down(1)


class BackgroundTask:
    """Counts how often it was started and stopped."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")


@pytest.mark.usefixtures("observed")
def test_what_runs_beside_a_worker_begins_and_ends_with_it(settings: Settings) -> None:
    task = BackgroundTask()
    settings.telemetry_dir.mkdir()

    telemetry.run_in_background(task)
    before = list(task.calls)
    telemetry.join_workers()
    telemetry.shut_down(1)

    assert before == []
    assert task.calls == ["start", "stop"]


@pytest.mark.usefixtures("clean_process")
def test_without_telemetry_nothing_runs_beside_a_worker(settings: Settings) -> None:
    set_up_telemetry(Flask("loans"), replace(settings, telemetry_disabled=True))
    task = BackgroundTask()
    settings.telemetry_dir.mkdir()

    telemetry.run_in_background(task)
    telemetry.join_workers()
    telemetry.shut_down(1)

    assert task.calls == []
