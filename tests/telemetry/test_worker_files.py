# SPDX-License-Identifier: Apache-2.0
"""Slots, and a telemetry directory that belongs to one server."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.telemetry import worker_files
from app.telemetry.worker_files import TelemetryDirError, claim, forget_worker, known_slots, lowest_free_slot

# A second process, since a process never conflicts with its own lock.
HOLD = (
    "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); input()"
)


@pytest.mark.parametrize(
    ("taken", "slot"), [(set(), 0), ({0}, 1), ({1, 2}, 0), ({0, 1, 3}, 2), ({4, 5, 6, 7}, 0), ({0, 1, 2, 3}, 4)]
)
def test_the_next_worker_gets_the_lowest_free_slot(taken: set[int], slot: int) -> None:
    assert lowest_free_slot(taken) == slot


def test_a_server_starts_with_an_empty_directory_of_its_own(tmp_path: Path) -> None:
    directory = tmp_path / "run" / "t"
    directory.mkdir(parents=True)
    for name in ("w0.sock", "w0.json", "w12.json", "w3.draft"):
        (directory / name).touch()
    (directory / "notes.txt").touch()

    with claim(directory):
        left = sorted(path.name for path in directory.iterdir())

    assert left == ["lock", "notes.txt"]


def test_a_new_directory_is_private(tmp_path: Path) -> None:
    with claim(tmp_path / "t"):
        assert (tmp_path / "t").stat().st_mode & 0o777 == 0o700


def test_a_directory_is_taken_until_its_server_ends(tmp_path: Path) -> None:
    holder = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(TelemetryDirError, match=r"^TELEMETRY_DIR: a directory of its own is expected"):
            claim(tmp_path)
        other.kill()

    claim(tmp_path).close()


def test_a_path_too_long_for_sockets_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TelemetryDirError, match=r"^TELEMETRY_DIR: a shorter path is expected; .* of 103$"):
        claim(tmp_path / ("x" * 100))


def test_a_path_that_is_no_directory_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(TelemetryDirError, match=r"^TELEMETRY_DIR: a directory to write in is expected \(.*\)$"):
        claim(tmp_path / "file" / "t")


def test_the_slots_of_a_directory_are_read_off_its_files(tmp_path: Path) -> None:
    for name in ("w0.sock", "w0.json", "w12.json", "w7.draft", "lock", "x1.json"):
        (tmp_path / name).touch()

    assert known_slots(tmp_path) == {0, 12}


def test_a_worker_that_is_gone_leaves_its_totals(tmp_path: Path) -> None:
    worker_files.socket_path(tmp_path, 3).touch()
    worker_files.totals_path(tmp_path, 3).touch()

    forget_worker(tmp_path, 3)
    forget_worker(tmp_path, 3)

    assert [path.name for path in tmp_path.iterdir()] == ["w3.json"]
