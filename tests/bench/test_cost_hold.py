# SPDX-License-Identifier: Apache-2.0
"""What counts as holding a request: waiting for the interpreter does, standing in line for a core does not."""

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
    cores = os.sched_getaffinity(0)
    one = {min(cores)}
    queue = QueueClock()
    with subprocess.Popen([sys.executable, "-c", BURN]) as other:
        try:
            os.sched_setaffinity(other.pid, one)
            os.sched_setaffinity(0, one)
            before, begun, busy = queue.nanoseconds(), time.perf_counter_ns(), time.thread_time_ns()
            while time.thread_time_ns() < busy + 100_000_000:
                pass
            waited = queue.nanoseconds() - before
            elsewhere = time.perf_counter_ns() - begun - 100_000_000
        finally:
            os.sched_setaffinity(0, cores)
            other.kill()

    assert waited > 20_000_000  # the other takes half of the core
    assert waited == pytest.approx(elsewhere, rel=0.2)


def test_a_child_that_dies_is_told() -> None:
    with (
        subprocess.Popen([sys.executable, "-c", ""], stdin=-1, stdout=-1, text=True) as child,
        pytest.raises(RuntimeError, match="ended with 0"),
    ):
        hold._answer(child)  # noqa: SLF001
