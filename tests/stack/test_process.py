# SPDX-License-Identifier: Apache-2.0
"""One child process: it stops on SIGTERM, else by SIGKILL, together with its own children."""

import signal
import sys
from pathlib import Path

from stack.process import Child, Command, tail
from tests.stack.fakes import PATIENCE_SECONDS, alive, eventually

GRANDCHILD = "import os, time; child = os.fork(); child and print(child, flush=True); time.sleep(60)"


def python(script: str, log: Path, **options: float) -> Child:
    return Child(Command([sys.executable, "-c", script], log=log, **options))  # type: ignore[arg-type]


def test_a_process_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    )
    child = python(script, tmp_path / "log", grace_seconds=0.2)
    assert eventually(lambda: child.tail() == "on")

    child.stop()

    assert child.poll() == -signal.SIGKILL


def test_the_stop_signal_reaches_a_process_of_a_runner_that_ignores_it(tmp_path: Path) -> None:
    script = "import time; print('on', flush=True); time.sleep(60)"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it starts in the background
    try:
        child = python(script, tmp_path / "log", stop_signal=signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert eventually(lambda: child.tail() == "on")

    child.stop()

    assert child.poll() != -signal.SIGKILL


def test_what_a_dead_process_started_goes_too(tmp_path: Path) -> None:
    child = python(GRANDCHILD, tmp_path / "log")
    assert eventually(lambda: bool(child.tail()))
    grandchild = int(child.tail())
    assert alive(grandchild)

    child.signal(signal.SIGKILL)
    child.finish()

    assert eventually(lambda: not alive(grandchild))


def test_a_child_outlives_ctrl_c_in_the_terminal_but_not_its_stop(tmp_path: Path) -> None:
    child = python("import os; print(os.getsid(0) == os.getpid(), flush=True); input()", tmp_path / "log")

    assert child.wait(PATIENCE_SECONDS)
    assert child.tail().startswith("True")  # a session of its own, and an empty standard input
    child.stop()


def test_the_tail_begins_where_this_process_began(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("an earlier run\n")

    child = python("print('\\n'.join(map(str, range(100))))", log)

    assert child.wait(PATIENCE_SECONDS)
    assert child.tail(2) == "98\n99"
    assert child.tail(1000).startswith("0\n1\n")
    assert child.first_output().startswith("0\n")


def test_there_is_no_tail_without_a_log(tmp_path: Path) -> None:
    assert tail(tmp_path / "none", 5) == ""
