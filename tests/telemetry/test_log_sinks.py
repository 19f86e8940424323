# SPDX-License-Identifier: Apache-2.0
"""Log files rotate without losing a line, and their failures reach no request."""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from app.telemetry.log_sinks import LogFile, Sink

NoSpace = OSError(28, "No space left on device")


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[LogFile]:
    file = LogFile(tmp_path / "logs" / "api-w0.jsonl", max_bytes=200)
    yield file
    file.close()


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("app", logging.INFO, "here.py", 1, text, (), None)


def written(file: LogFile) -> list[str]:
    """Read all files, oldest first."""
    paths = sorted(Path(file.target).parent.glob("*.jsonl"), key=lambda path: path.name, reverse=True)
    current = [path for path in paths if path.name == "api-w0.jsonl"]
    rotated = [path for path in paths if path.name != "api-w0.jsonl"]
    return [line for path in rotated + current for line in path.read_text().splitlines()]


def test_a_full_file_is_set_aside_under_a_name_that_the_collector_reads(log_file: LogFile, tmp_path: Path) -> None:
    for number in range(40):
        log_file.handle(record(f"line {number:02} " + "x" * 12))

    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    lines = written(log_file)
    assert names == ["api-w0.1.jsonl", "api-w0.2.jsonl", "api-w0.3.jsonl", "api-w0.jsonl"]
    assert all((tmp_path / "logs" / name).stat().st_size <= 200 for name in names)
    assert [line[:7] for line in lines] == [f"line {number:02}" for number in range(40 - len(lines), 40)]


def test_a_file_that_cannot_be_rotated_grows_on(log_file: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "replace", refuse)

    for number in range(40):
        log_file.handle(record(f"line {number:02} " + "x" * 12))

    assert len(written(log_file)) == 40


def test_a_forked_process_does_not_write_into_its_parents_file(
    log_file: LogFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_file.handle(record("parent"))
    monkeypatch.setattr(os, "getpid", lambda: -1)
    log_file.handle(record("child"))

    assert written(log_file) == ["parent"]


def test_what_a_full_disk_cut_off_is_completed_later(log_file: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:5]))
    log_file.handle(record("first line"))
    monkeypatch.setattr(os, "write", write)
    log_file.handle(record("second line"))

    assert written(log_file) == ["first line", "second line"]


def test_what_a_full_disk_cut_off_is_completed_in_the_same_file(
    log_file: LogFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:150]))
    log_file.handle(record("first " + "x" * 160))
    monkeypatch.setattr(os, "write", write)
    log_file.handle(record("second " + "x" * 100))
    log_file.handle(record("third"))

    full = Path(log_file.target).with_suffix(".1.jsonl")
    assert [line.split()[0] for line in full.read_text().splitlines()] == ["first", "second"]
    assert Path(log_file.target).read_text() == "third\n"


@pytest.mark.parametrize(("left", "lines"), [("half a li", ["half a li", "next"]), ("whole\n", ["whole", "next"])])
def test_a_line_that_a_killed_writer_left_unfinished_takes_no_other_with_it(
    tmp_path: Path, left: str, lines: list[str]
) -> None:
    path = tmp_path / "api-w0.jsonl"
    path.write_text(left)

    file = LogFile(path)
    file.handle(record("next"))
    file.close()

    assert path.read_text().splitlines() == lines


def test_a_full_disk_is_reported_once_and_fails_no_request(
    log_file: LogFile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", raising(NoSpace))
        for _ in range(20):
            log_file.handle(record("lost"))
    log_file.handle(record("kept"))

    [report] = capsys.readouterr().err.splitlines()
    assert json.loads(report) == {"event": "log_sink_failed", "sink": log_file.target, "error.type": "ENOSPC"}
    assert written(log_file) == ["kept"]


def raising(error: Exception) -> Callable[..., int]:
    def write(*_arguments: object) -> int:
        raise error

    return write


@pytest.fixture
def full_device() -> Iterator[TextIO]:
    """Give a file on a device without space."""
    device = Path("/dev/full").open("w")  # noqa: SIM115  # closing it fails, which is its nature
    yield device
    with contextlib.suppress(OSError):  # it can't be flushed
        device.close()


def test_a_real_full_device_raises_nothing(
    full_device: TextIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full_device)
        sink = Sink()
        sink.handle(record("lost"))
        sink.handle(record("lost"))

    assert json.loads(capsys.readouterr().err)["sink"] == "stdout"


def test_closed_outputs_on_both_sides_raise_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "closed").open("w") as closed:
        pass
    monkeypatch.setattr(sys, "stdout", closed)
    monkeypatch.setattr(sys, "stderr", closed)

    Sink().handle(record("lost"))


def test_an_unformattable_record_fails_no_request(log_file: LogFile, capsys: pytest.CaptureFixture[str]) -> None:
    log_file.handle(logging.LogRecord("app", logging.INFO, "here.py", 1, "%d", ("text",), None))

    assert json.loads(capsys.readouterr().err)["error.type"] == "TypeError"


def test_a_file_closed_twice_does_not_close_what_took_its_place(log_file: LogFile, tmp_path: Path) -> None:
    log_file.close()
    with (tmp_path / "other").open("w") as other:  # gets the descriptor that is free again
        log_file.close()
        other.write("kept")

    assert (tmp_path / "other").read_text() == "kept"
