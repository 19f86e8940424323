# SPDX-License-Identifier: Apache-2.0
"""Exception isolation: a failure of telemetry never reaches the request, and is logged once a minute."""

import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from opentelemetry.metrics import CallbackOptions, Observation

from app.telemetry import semconv
from app.telemetry.log_sinks import OncePerMinute

_logger = logging.getLogger(__name__)
_failure_limits: defaultdict[str, OncePerMinute] = defaultdict(OncePerMinute)


@contextlib.contextmanager
def suppress_and_log(doing: str) -> Iterator[None]:
    """Suppress an exception and log it (rate limited); `doing` is a constant name of the operation."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # telemetry must not fail the request
        log_failure(doing, error)


def log_failure(doing: str, error: BaseException) -> None:
    """Log a failed operation, at most once a minute for each name."""
    if _failure_limits[doing].allows():
        _logger.error(semconv.EVENT_TELEMETRY_FAILED, exc_info=error, extra={"doing": doing})


Observe = Callable[[CallbackOptions], Iterable[Observation]]


def isolated(callback: Observe) -> Observe:
    """Wrap an instrument's callback: a failure gives no observations, and is not logged at each collection."""

    def call(options: CallbackOptions) -> list[Observation]:
        observations: list[Observation] = []
        with suppress_and_log("observing"):
            observations.extend(callback(options))
        return observations

    return call
