# SPDX-License-Identifier: Apache-2.0
"""Each worker answers for all; no total decreases, however a worker ended."""

import os
from pathlib import Path

import pytest

from app import telemetry
from app.telemetry import workers
from app.telemetry.worker_files import socket_path, totals_path
from tests.telemetry.conftest import Lines
from tests.telemetry.counted import Counted, kill, requests_of, running


@pytest.fixture
def directory(tmp_path: Path, patient: None) -> Path:  # noqa: ARG001
    path = tmp_path / "t"
    path.mkdir()
    return path


def test_each_worker_answers_for_all(directory: Path) -> None:
    with running(directory, 0, 1, 2) as everyone:
        for number, worker in enumerate(everyone):
            worker.requests = 10**number

        pages = [worker.page() for worker in everyone]

    assert pages[0] == pages[1] == pages[2]
    assert pages[0][requests_of(0)] == 1
    assert pages[0][requests_of(2)] == 100
    assert pages[0]['loan_service_worker_up{worker="2"}'] == 1


def test_a_worker_that_joined_no_others_answers_for_itself(directory: Path) -> None:
    alone = Counted(5)
    alone.requests = 3

    assert alone.page()[requests_of(5)] == 3
    assert list(directory.iterdir()) == []
    alone.workers.leave()


def test_the_next_worker_in_a_slot_goes_on_from_the_last(directory: Path) -> None:
    with running(directory, 0) as [first]:
        first.requests = 10
    with running(directory, 0, 1) as [second, peer]:
        second.requests = 5

        assert peer.page()[requests_of(0)] == 15


def test_without_the_kept_totals_a_slot_would_go_backwards(directory: Path) -> None:
    with running(directory, 0) as [first]:
        first.requests = 10
    totals_path(directory, 0).unlink()
    with running(directory, 0) as [second]:
        second.requests = 5

        assert second.page()[requests_of(0)] == 5


def test_a_worker_that_left_keeps_its_totals_on_the_page_and_not_its_gauges(directory: Path) -> None:
    with running(directory, 1) as [peer]:
        with running(directory, 0) as [leaving]:
            leaving.requests = 10
        page = peer.page()

    assert page[requests_of(0)] == 10
    assert page['loan_service_worker_up{worker="0"}'] == 0
    assert 'active{worker="0"}' not in page
    assert 'active{worker="1"}' in page
    assert not socket_path(directory, 0).exists()


def test_a_killed_worker_loses_only_what_no_scrape_has_seen(directory: Path) -> None:
    with running(directory, 0, 1) as [victim, peer]:
        victim.requests = 10
        seen = peer.page()[requests_of(0)]
        victim.requests = 12
        kill(victim)

        assert seen == 10
        assert peer.page()[requests_of(0)] == 10
        with running(directory, 0) as [heir]:
            heir.requests = 1
            assert peer.page()[requests_of(0)] == 11


def test_totals_counted_by_other_code_are_shown_but_not_added_to(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(directory, 0, 1) as everyone:
        for worker in everyone:
            worker.requests = 10
    monkeypatch.setattr(workers, "__version__", "99.0.0")

    with running(directory, 0) as [renewed]:
        renewed.requests = 1
        page = renewed.page()

    assert page[requests_of(0)] == 1
    assert page[requests_of(1)] == 10


@pytest.mark.usefixtures("clean_process")
def test_a_full_disk_is_reported_once_and_the_page_still_answers(
    directory: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    telemetry.configure_logging(settings, "w0")  # type: ignore[arg-type]

    def full(_self: Path, _text: str) -> int:
        raise OSError(28, "No space left on device")

    with running(directory, 0) as [worker]:
        worker.requests = 3
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_text", full)
            pages = [worker.page() for _ in range(5)]

    assert [page[requests_of(0)] for page in pages] == [3] * 5
    assert [line["event"] for line in lines()] == ["worker_metrics_not_kept"]


def test_an_orphan_leaves_the_directory_to_the_next_arbiter(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(directory, 0) as [orphan]:
        orphan.requests = 10
        monkeypatch.setattr(os, "getppid", lambda: -1)  # no process, not even the parent of a detached test run, is -1
        page = orphan.page()

    assert page[requests_of(0)] == 10
    assert not totals_path(directory, 0).exists()
    assert socket_path(directory, 0).exists()
