# SPDX-License-Identifier: Apache-2.0
"""Work beside requests that leaves the interpreter to them every now and then."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

Item = TypeVar("Item")

# Whoever waits for the interpreter gets it after this long, instead of Python's 5 ms, which a request would feel. For
# all the time it would cost a tenth of the CPU: threads that serve requests would interrupt each other as often.
TURN_SECONDS: Final = 0.0002
# A request waits for a turn whenever it comes back from the database: five in a row are felt. Who rests after two
# turns, for longer than most requests take, meets each of them once.
PIECE_SECONDS: Final = 0.0004
REST_SECONDS: Final = 0.002

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


def in_pieces(items: Iterable[Item]) -> Iterator[Item]:
    """Give items one by one, and rest before the next whenever this thread has worked for long enough."""
    rested = time.thread_time()
    for each in items:
        if time.thread_time() - rested > PIECE_SECONDS:
            time.sleep(REST_SECONDS)
            rested = time.thread_time()
        yield each


class Pieces(list[Item]):
    """A list for somebody else's loop, whose thread rests in between."""

    def __iter__(self) -> Iterator[Item]:
        return in_pieces(super().__iter__())
