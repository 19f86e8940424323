# SPDX-License-Identifier: Apache-2.0
"""Faults of a whole worker: memory, CPU, log lines, personal data, spans, and an effect that fails."""

import json
import mmap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from app.services.fault_effects import CANARY, TICK_SECONDS, FaultEffects
from app.services.faults import FaultKind, Faults
from app.storage.fault_file import FaultFile
from stack.polling import poll
from tests.api_client import ApiClient
from tests.telemetry.conftest import Lines, Observed
from tests.telemetry.faults.conftest import (
    SECONDS,
    Begin,
    end,
    lines_with,
)


def effects_of(kind: FaultKind, amount: float | None = None) -> tuple[Faults, FaultEffects]:
    """Begin a fault in effects that no thread applies."""
    faults = Faults(FaultFile(None))
    faults.begin(kind, 60, None, amount, "operator")
    return faults, FaultEffects(faults, lambda: None, 1)


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE / (1 << 20)


def test_memory_grows_to_its_limit_and_is_given_back() -> None:
    # After a large object is freed, glibc keeps the memory of later ones below its size (mallopt(3), M_MMAP_THRESHOLD).
    bytearray(30 << 20)
    faults, effects = effects_of(FaultKind.MEMORY, 48)
    before = resident_mib()
    for _ in range(12):  # more than it needs
        effects.tick()
    grown = resident_mib() - before
    faults.end(FaultKind.MEMORY, "operator")
    effects.tick()

    assert 40 < grown < 64
    assert resident_mib() - before < 24


def burning() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fault-cpu"]


def test_a_burning_cpu_is_one_thread_until_its_end() -> None:
    faults, effects = effects_of(FaultKind.CPU)
    effects.tick()
    effects.tick()
    [thread] = burning()
    began = time.process_time()
    poll(lambda: time.process_time() - began > 0.2, SECONDS, "CPU time")

    faults.end(FaultKind.CPU, "operator")
    thread.join(SECONDS)
    assert burning() == []


def test_a_log_flood_is_as_many_lines_as_it_may(caplog: pytest.LogCaptureFixture) -> None:
    _, effects = effects_of(FaultKind.LOG_FLOOD, 50)
    effects.tick()

    assert [record.message for record in caplog.records].count("fault_log_line") == 50 * TICK_SECONDS


def test_personal_data_in_an_exceptions_text_is_not_written(
    begin: Begin,
    serve: None,  # noqa: ARG001
    lines: Lines,
) -> None:
    begin("personal_data")
    seen = lines_with(lines, "fault_personal_data")

    line = next(line for line in seen if line["event"] == "fault_personal_data")
    assert line.pop("loan.fault.canary") == CANARY  # the field is the collector's to mask
    assert line["exception.type"] == "ValueError"
    assert "canary.person" not in json.dumps(line)


def test_personal_data_is_one_line_a_second(caplog: pytest.LogCaptureFixture) -> None:
    _, effects = effects_of(FaultKind.PERSONAL_DATA)
    effects.tick()
    effects.tick()

    assert [record.message for record in caplog.records].count("fault_personal_data") == 1


def test_lost_telemetry_is_spans_in_the_real_queue(
    observed: Observed,
    operator: ApiClient,
    begin: Begin,
    serve: None,  # noqa: ARG001
) -> None:
    begin("telemetry_lost", amount=10)

    poll(lambda: "fault span" in observed.names(), SECONDS, "a span")
    end(operator, "telemetry_lost")

    assert observed.names().count("fault span") >= 1


def test_an_effect_that_fails_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    faults, _ = effects_of(FaultKind.POOL_HELD)
    asked: list[int] = []

    def hold() -> Any:  # noqa: ANN401  # nothing is returned
        asked.append(1)
        raise OSError(CANARY)

    effects = FaultEffects(faults, hold, 1)
    effects.start()
    poll(lambda: len(asked) > 1, SECONDS, "another try")
    effects.stop()

    assert "fault_effect_failed" in [record.message for record in caplog.records]
