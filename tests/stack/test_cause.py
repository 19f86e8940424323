# SPDX-License-Identifier: Apache-2.0
"""The line that people see of a dying server is its cause, not its last one."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from stack import cause
from stack.cause import cause_in

STACK = "goroutine 1 [running]:\nmain.error(0xc0)\n\t/src/error.go:3 +0x1\n\ngoroutine 7 [select, 2 minutes]:\nfail()\n"
OUTPUTS = {
    "panic: opening the head: write x: no space left on device\n\n" + STACK: (
        "panic: opening the head: write x: no space left on device"
    ),
    "fatal error: all goroutines are asleep\n\n" + STACK: "fatal error: all goroutines are asleep",
    'level=error err="mkdir /data: permission denied"\nlevel=error msg="module failed"\nexiting': (
        'level=error err="mkdir /data: permission denied"'
    ),
    "PANIC:  could not write to file: No space left on device\nLOG:  server process failed\n": (
        "PANIC:  could not write to file: No space left on device"
    ),
    "loading\nerror: line 3: unknown key\nbye": "error: line 3: unknown key",
    "Traceback (most recent call last):\n  File x\nValueError: APP_ENV is invalid": "ValueError: APP_ENV is invalid",
    "the configuration is invalid:\n  receivers: none": "the configuration is invalid: receivers: none",
    "one\ntwo": "two",
    "": "it wrote nothing",
    "permission denied\n" + "went on\n" * 60 + "error: the cause": "error: the cause",
}


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_cause_is_found(output: str) -> None:
    assert cause_in(output) == OUTPUTS[output]


def test_a_long_line_is_cut_but_keeps_its_cause() -> None:
    assert cause_in(f"error: {'x' * 500}: no space left on device").endswith("x… no space left on device")
    assert cause_in(f"error: {'x' * 500}").endswith("x…")


Usage = namedtuple("Usage", "total used free")  # noqa: PYI024  # what shutil gives


@pytest.mark.parametrize(("free", "expected"), [(0, "no space left on device: {} (bye)"), (1 << 30, "bye")])
def test_a_full_disk_is_the_cause_of_a_server_that_could_not_write_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, expected: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(1 << 30, 0, free))

    assert cause.cause("bye", tmp_path / "server.log") == expected.format(tmp_path)
