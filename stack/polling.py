# SPDX-License-Identifier: Apache-2.0
"""Wait for something to become true, for a bounded time, asking again and again instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

from stack.backends.http import BackendError

Found = TypeVar("Found")

PAUSE_SECONDS = 0.1


def poll(look: Callable[[], Found | None], timeout_seconds: float, what: str) -> Found:
    """Return the first truthy answer of `look`; raise TimeoutError naming `what` and the last trouble otherwise."""
    deadline = time.monotonic() + timeout_seconds
    trouble = "nothing yet"
    while True:
        try:
            found = look()
        except BackendError as error:
            found, trouble = None, str(error)
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_seconds:g} s ({trouble})")
        time.sleep(PAUSE_SECONDS)
