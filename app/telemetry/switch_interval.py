# SPDX-License-Identifier: Apache-2.0
"""The interpreter's switch interval while a background thread exports."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# GIL switch interval during exports: Python's default of 5 ms would delay requests measurably. Not permanent: threads
# that serve requests would interrupt each other as often, which costs about 10 % CPU.
SECONDS: Final = 0.0002

_lock = threading.Lock()
_usual: list[float] = []  # one for each export under way


@contextmanager
def short_switch_interval() -> Iterator[None]:
    """Use the short switch interval until the block ends."""
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
