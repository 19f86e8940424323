# SPDX-License-Identifier: Apache-2.0
"""The outermost WSGI layer: it excludes probes from telemetry, and counts requests begun and ended."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from flask import Flask
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.metrics import CallbackOptions, Meter, Observation

from app.telemetry import semconv
from app.telemetry.delivery.accounting import Accounting, Count
from app.telemetry.safety import isolated

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BEGUN: Final = "loan_service.begun"  # in the request's environment: a reading of perf_counter; probes have none


def account_for_requests(app: Flask, bare: "WSGIApplication", accounting: Accounting) -> None:
    """Send probes directly to the bare application, and account for all other requests."""
    observed = app.wsgi_app

    def dispatch(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") in semconv.PROBES:
            with suppress_instrumentation():  # of the statements of a probe
                return bare(environ, start_response)
        environ[BEGUN] = time.perf_counter()
        with accounting.requests_lock:
            accounting.counts[Count.REQUESTS_BEGUN] += 1
        try:
            return observed(environ, start_response)
        finally:
            with accounting.requests_lock:
                accounting.counts[Count.REQUESTS_ENDED] += 1

    app.wsgi_app = dispatch  # type: ignore[method-assign]


def observe_active_requests(meter: Meter, accounting: Accounting) -> None:
    """Report how many requests are under way."""

    def active(_options: CallbackOptions) -> list[Observation]:
        return [Observation(accounting.counts[Count.REQUESTS_BEGUN] - accounting.counts[Count.REQUESTS_ENDED])]

    meter.create_observable_up_down_counter(
        semconv.HTTP_SERVER_ACTIVE_REQUESTS, [isolated(active)], "{request}", "Number of active HTTP server requests."
    )
