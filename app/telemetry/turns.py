# SPDX-License-Identifier: Apache-2.0
"""Work beside requests that leaves the interpreter to them every now and then."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Whoever waits for the interpreter gets it after this long, instead of Python's 5 ms, which a request would feel. For
# all the time it would cost a tenth of the CPU: threads that serve requests would interrupt each other as often.
TURN_SECONDS: Final = 0.0002

_lock = threading.Lock()
_usual: list[float] = []  # one for each that is at work


@contextmanager
def short_turns() -> Iterator[None]:
    """Let the interpreter change hands often until the block ends."""
    with _lock:
        _usual.append(_usual[0] if _usual else sys.getswitchinterval())
        sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        with _lock:
            usual = _usual.pop()
            if not _usual:
                sys.setswitchinterval(usual)
