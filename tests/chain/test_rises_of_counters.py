# SPDX-License-Identifier: Apache-2.0
"""A counter's rise is computed to the unit, however often its worker was replaced."""

import pytest

from tests.chain.counter_rises import rise


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], 0),
        ([7], 0),  # as before
        ([7, 7, 9], 2),
        ([7, 9, 0, 4], 6),  # a new worker, whose 0 is stored
        ([7, 9, 4], 6),  # or is not
        ([7, 9, 0, 12, 12, 0, 1], 15),  # it has counted more than the one before it had
        ([0, 3, 0, 0, 3], 6),  # each as much
    ],
)
def test_what_each_worker_counted_is_added_up(values: list[float], expected: float) -> None:
    assert rise(values) == expected
