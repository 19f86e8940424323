# SPDX-License-Identifier: Apache-2.0
"""/metrics of four workers counts every answered request once, while workers are replaced."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.polling import poll
from tests.telemetry.server import Server, Watch, serving

RECYCLING = "--max-requests 60 --max-requests-jitter 0"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one server for all tests that leave it whole."""
    with serving(tmp_path_factory.mktemp("g")) as running:
        yield running


def test_every_worker_answers_with_the_count_of_all(server: Server) -> None:
    before = server.counted()

    server.send(600)

    assert [server.counted() - before for _ in range(16)] == [600] * 16


def test_a_graceful_reload_in_the_middle_loses_and_doubles_nothing(server: Server) -> None:
    before = server.counted()

    with Watch(server) as watch:
        first = threading.Timer(0.3, server.reload)
        first.start()
        server.send(600)
        first.join()
        poll(lambda: watch.scrapes > 3, 30, "scrapes during and after the reload")

    assert [server.counted() - before for _ in range(8)] == [600] * 8
    assert (watch.backwards, watch.failed) == ([], 0)


def test_a_killed_worker_never_takes_a_total_back(server: Server) -> None:
    server.wait_until_ready()
    before = server.counted()

    with Watch(server) as watch:
        for _ in range(3):
            server.send(60)
            os.kill(int(server.get("/pid").text), signal.SIGKILL)
        server.send(60)
    server.wait_until_ready()

    counted = server.counted() - before
    assert watch.backwards == []
    # Three times a worker's count since the last scrape is lost, and at most the number of requests is counted.
    assert 120 <= counted <= 243
    server.send(100)
    assert server.counted() - before == counted + 100


def count_while_recycling(folder: Path, target: str) -> tuple[int, int, list[str]]:
    with serving(folder, target, GUNICORN_CMD_ARGS=RECYCLING) as server:
        with Watch(server) as watch:
            server.send(600)
        server.wait_until_ready()
        return server.counted(), len(generations(server)), watch.backwards


def generations(server: Server) -> list[str]:
    return [line["message"] for line in server.lines() if line.get("message", "").startswith("Worker exiting")]


def test_recycled_workers_hand_their_totals_on(tmp_path: Path) -> None:
    counted, exits, backwards = count_while_recycling(tmp_path, "target")

    assert exits >= 6
    assert counted == 600
    assert backwards == []


def test_without_handing_on_the_same_count_is_wrong(tmp_path: Path) -> None:
    counted, exits, backwards = count_while_recycling(tmp_path, "forgetful_target")

    assert exits >= 6
    assert counted < 600
    assert backwards != []
