# SPDX-License-Identifier: Apache-2.0
"""The service does not need its observers: with all of them stopped, no request fails or is slow."""

import time

from stack.runner import Stack
from tests.chain.traffic import steady_load

OBSERVERS = ("otelcol", "prometheus", "loki", "tempo")
RATE = 40.0
BLACKOUT_SECONDS = 15.0
MAX_SECONDS = 1.0


def test_no_request_fails_or_takes_over_a_second_without_observers(stack: Stack) -> None:
    with steady_load(stack.url("nginx"), RATE) as load:
        for name in OBSERVERS:
            stack.stop(name)
        time.sleep(BLACKOUT_SECONDS)
    for name in OBSERVERS:
        stack.start(name)
    for name in OBSERVERS:
        stack.wait_ready(name)

    assert load.errors == []
    assert set(load.statuses) == {200, 201}
    assert len(load.seconds) > RATE * BLACKOUT_SECONDS / 2
    assert max(load.seconds) < MAX_SECONDS
