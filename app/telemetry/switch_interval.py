# SPDX-License-Identifier: Apache-2.0
"""The interpreter's switch interval while a background thread exports."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# A thread that waits for the interpreter gets it after this long, instead of Python's 5 ms, which a request would feel.
# Not for good: threads that serve requests would interrupt each other as often, at a tenth of the CPU.
SECONDS: Final = 0.0002

_lock = threading.Lock()
_usual: list[float] = []  # one for each export under way


@contextmanager
def short_switch_interval() -> Iterator[None]:
    """Let the interpreter change threads often until the block ends."""
    with _lock:
        _usual.append(_usual[0] if _usual else sys.getswitchinterval())
        sys.setswitchinterval(SECONDS)
    try:
        yield
    finally:
        with _lock:
            usual = _usual.pop()
            if not _usual:
                sys.setswitchinterval(usual)
