# SPDX-License-Identifier: Apache-2.0
"""While an export is written, the interpreter changes hands often, and afterwards as seldom as before."""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from threading import Event, Thread

import pytest
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from app.telemetry.metering.meter import FencedMeterProvider
from app.telemetry.turns import TURN_SECONDS, short_turns
from tests.tries import until_good

USUAL_SECONDS = 0.005  # Python's own
TIMES = 20
ROUNDS = 5  # one will do: where others compute all the time, both measurements grow by chance


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(USUAL_SECONDS)
    yield
    sys.setswitchinterval(before)


def test_turns_are_short_until_the_last_has_ended() -> None:
    with short_turns():
        with short_turns():
            assert sys.getswitchinterval() == pytest.approx(TURN_SECONDS)
        assert sys.getswitchinterval() == pytest.approx(TURN_SECONDS)

    assert sys.getswitchinterval() == pytest.approx(USUAL_SECONDS)


def test_they_end_with_a_failure_too() -> None:
    with pytest.raises(ValueError, match="broken"), short_turns():
        raise ValueError("broken")

    assert sys.getswitchinterval() == pytest.approx(USUAL_SECONDS)


def test_metrics_are_read_in_short_turns() -> None:
    seen: list[float] = []
    reader = InMemoryMetricReader()
    meter = FencedMeterProvider(Resource.create(), reader, []).get_meter("anybody")

    def look(_options: CallbackOptions) -> list[Observation]:
        seen.append(sys.getswitchinterval())
        return []

    meter.create_observable_up_down_counter("http.server.active_requests", [look])

    reader.collect()

    assert seen == [pytest.approx(TURN_SECONDS)]


def wait(turns: AbstractContextManager[None]) -> float:
    """Tell how long a thread waits for the interpreter alone while another one computes, in seconds."""
    done = Event()

    def compute() -> None:
        with turns:
            while not done.is_set():
                pass

    worker = Thread(target=compute)
    worker.start()
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        time.sleep(0.001)
        found.append(time.perf_counter() - began - 0.001)
    done.set()
    worker.join()
    return sorted(found)[TIMES // 4]


def test_whoever_waits_for_the_interpreter_waits_half_as_long_at_most() -> None:
    def measure() -> tuple[float, float]:
        return wait(nullcontext()), wait(short_turns())

    usually, shortened = until_good(measure, lambda found: found[0] > max(USUAL_SECONDS / 2, 2 * found[1]), ROUNDS)

    assert usually > USUAL_SECONDS / 2  # the control
    assert shortened < usually / 2
