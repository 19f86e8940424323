# SPDX-License-Identifier: Apache-2.0
"""The measurement of memory adds up the services, puts the largest first, and fails where the stack takes too much."""

import os

import pytest

from stack.measure_memory import MOST_MB, Look, Memory, memory_of, table, too_much

REST = Look("at rest", {"loki": Memory(120, 110), "tempo": Memory(80, 70)})
LATER = Look("after 30 min", {"loki": Memory(150, 140), "tempo": Memory(300, 290)})


def test_the_table_has_the_largest_service_first_and_the_total_last() -> None:
    assert table([REST, LATER]).splitlines() == [
        "| service | at rest, RSS MB | at rest, PSS MB | after 30 min, RSS MB | after 30 min, PSS MB |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| tempo | 80 | 70 | 300 | 290 |",
        "| loki | 120 | 110 | 150 | 140 |",
        "| **total** | 200 | 180 | 450 | 430 |",
    ]


@pytest.mark.parametrize(("megabytes", "code"), [(MOST_MB - 1, 0), (MOST_MB, 1)])
def test_too_much_memory_fails(capsys: pytest.CaptureFixture[str], megabytes: int, code: int) -> None:
    assert too_much(Look("after 7 min", {"tempo": Memory(megabytes, megabytes)})) == code
    assert f"{megabytes} MB at most (PSS, after 7 min)" in capsys.readouterr().out


def test_a_process_has_at_least_the_memory_that_is_its_alone() -> None:
    memory = memory_of(os.getpid())

    assert 0 < memory.shared_once <= memory.resident
