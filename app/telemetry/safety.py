# SPDX-License-Identifier: Apache-2.0
"""Telemetry that fails is silent for the request, and says so once a minute."""

import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from opentelemetry.metrics import CallbackOptions, Observation

from app.telemetry import semconv
from app.telemetry.log_sinks import OncePerMinute

_logger = logging.getLogger(__name__)
_complaints: defaultdict[str, OncePerMinute] = defaultdict(OncePerMinute)


@contextlib.contextmanager
def quietly(doing: str) -> Iterator[None]:
    """Let nothing that goes wrong reach the caller; `doing` is a constant name of what is done."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # whatever it is, the request is worth more
        complain(doing, error)


def complain(doing: str, error: BaseException) -> None:
    """Say that something failed, unless it was said within the last minute."""
    if _complaints[doing].allows():
        _logger.error(semconv.EVENT_TELEMETRY_FAILED, exc_info=error, extra={"doing": doing})


Observe = Callable[[CallbackOptions], Iterable[Observation]]


def isolated(callback: Observe) -> Observe:
    """Wrap an instrument's callback: one that fails observes nothing; the SDK would log it at each collection."""

    def call(options: CallbackOptions) -> list[Observation]:
        observations: list[Observation] = []
        with quietly("observing"):
            observations.extend(callback(options))
        return observations

    return call
