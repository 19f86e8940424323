# SPDX-License-Identifier: Apache-2.0
"""Which waits count as holding a request: those for the interpreter, not those for a core."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import pytest
from flask import Flask

from bench.cost import hold
from bench.cost.arrivals import QueueClock, times, with_waiting_route

REQUESTS = 50
BURN = "while True: pass"
ROUND_NANOSECONDS = 40_000_000  # several turns of both on the core


def measured(app: Flask) -> list[int]:
    return times(app, REQUESTS, QueueClock(), random.Random(0))  # noqa: S311  # the same arrivals


@contextmanager
def keeping_the_interpreter() -> Iterator[None]:
    """Let a thread keep the interpreter for milliseconds again and again, as an export does that encodes much."""
    over = threading.Event()

    def keep() -> None:
        while not over.is_set():
            sum(range(500_000))  # one instruction of Python: no turn ends within it
            time.sleep(0.001)

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_request_that_waits_for_the_interpreter_is_held() -> None:
    app = with_waiting_route(Flask("waiting"))
    free = median(measured(app))

    with keeping_the_interpreter():
        held = median(measured(app))

    assert held > free + 3000  # microseconds: less than a tenth of what four waits of that thread's turns take


def test_time_in_line_for_a_core_is_known() -> None:
    queue = QueueClock()
    with sharing_a_core():
        rounds = [waited_and_elsewhere(queue) for _ in range(5)]

    assert sum(waited for waited, _ in rounds) > 100_000_000  # a quarter of what the others take
    # A pause of the machine spoils one of them, a wrong field or unit each.
    assert median(waited / elsewhere for waited, elsewhere in rounds) == pytest.approx(1, rel=0.2)


@contextmanager
def sharing_a_core() -> Iterator[None]:
    """Stay on one core, with two processes that never stop: with one, the thread would wait as long as it runs."""
    cores = os.sched_getaffinity(0)
    command = [sys.executable, "-c", BURN]
    with subprocess.Popen(command) as one, subprocess.Popen(command) as other:
        try:
            for pid in (one.pid, other.pid, 0):
                os.sched_setaffinity(pid, {min(cores)})
            yield
        finally:
            os.sched_setaffinity(0, cores)
            one.kill()
            other.kill()


def waited_and_elsewhere(queue: QueueClock) -> tuple[int, int]:
    """Compute for a moment; give how long this thread stood in line, and how long it did not run, in nanoseconds."""
    before, began, busy = queue.nanoseconds(), time.perf_counter_ns(), time.thread_time_ns()
    while (ran := time.thread_time_ns() - busy) < ROUND_NANOSECONDS:
        pass
    elsewhere = time.perf_counter_ns() - began - ran
    return queue.nanoseconds() - before, elsewhere


def test_a_child_that_dies_is_reported() -> None:
    with (
        subprocess.Popen([sys.executable, "-c", ""], stdin=-1, stdout=-1, text=True) as child,
        pytest.raises(RuntimeError, match="ended with 0"),
    ):
        hold._answer(child)  # noqa: SLF001
