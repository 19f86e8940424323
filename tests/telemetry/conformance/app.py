# SPDX-License-Identifier: Apache-2.0
"""A small Flask app that uses OpenTelemetry's API as its documentation teaches, behind the service's telemetry.

Tracer, meter and instruments are created at import, before the providers are set, as most code does it.
"""

import contextlib
import contextvars
import os
import threading
from collections.abc import Callable, Generator, Iterable

import requests
from flask import Flask, request
from opentelemetry import baggage, context, metrics, propagate, trace
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from app import telemetry
from app.api import errors
from app.factory import set_up_telemetry
from app.settings import Settings
from tests.telemetry.conformance.expected import ATTRIBUTES, EVENT_TIME, LINKED, SCHEMA_URL, SCOPE, SECOND, VERSION

TRACER = trace.get_tracer(SCOPE, VERSION, schema_url=SCHEMA_URL, attributes={"shop.team": "pricing"})
METER = metrics.get_meter(SCOPE, VERSION, schema_url=SCHEMA_URL, attributes={"shop.team": "pricing"})


def observe_function(_options: CallbackOptions) -> Iterable[Observation]:
    yield Observation(7, {"shop.size": "small"})


def observe_generator() -> Generator[Iterable[Observation], CallbackOptions, None]:
    while True:
        yield [Observation(11, {"shop.size": "large"})]


orders = METER.create_counter("shop.orders", unit="{order}", description="Orders taken.")
open_carts = METER.create_up_down_counter("shop.open_carts", unit="{cart}")
waits = METER.create_histogram("shop.wait", unit="s", explicit_bucket_boundaries_advisory=[0.5, 1.0])
temperature = METER.create_gauge("shop.temperature", unit="Cel")
METER.create_observable_counter("shop.visits", callbacks=[observe_function, observe_generator()])
METER.create_observable_up_down_counter("shop.stock", callbacks=[observe_function, observe_generator()])
METER.create_observable_gauge("shop.humidity", callbacks=[observe_function, observe_generator()])

app = Flask("conformance")
set_up_telemetry(app, Settings.from_env())
errors.register(app, telemetry.current_trace_id)
RequestsInstrumentor().instrument()


def describe() -> dict[str, object]:
    """Return the current span's identity, and the headers that an outgoing request would carry."""
    span, carrier = trace.get_current_span(), dict[str, str]()
    propagate.inject(carrier)
    current = span.get_span_context()
    return {
        "trace_id": f"{current.trace_id:032x}",
        "span_id": f"{current.span_id:016x}",
        "sampled": current.trace_flags.sampled,
        "recording": span.is_recording(),
        "carrier": carrier,
        "baggage": dict(baggage.get_all()),
    }


@app.get("/current")
def current() -> dict[str, object]:
    return describe()


@app.get("/kinds")
def kinds() -> dict[str, object]:
    linked = SpanContext(LINKED[0], LINKED[1], is_remote=True, trace_flags=TraceFlags(1))
    for kind in SpanKind:
        links = [Link(linked, {"shop.link": "first"})]
        with TRACER.start_as_current_span(kind.name, kind=kind, attributes=ATTRIBUTES, links=links) as span:
            span.set_attribute("shop.late", "late")
            span.set_attributes({"shop.later": 1, "shop.text": "replaced"})
            span.add_event("shop.event", {"shop.event.texts": ["a", "b"]}, timestamp=EVENT_TIME)
            span.add_event("shop.bare_event")
            span.add_link(linked, {"shop.link": "second"})
            span.update_name(f"{kind.name} renamed")
    return describe()


@app.get("/times")
def times() -> dict[str, object]:
    TRACER.start_span("past", start_time=SECOND).end(end_time=2 * SECOND)
    span = TRACER.start_span("ended")
    during = span.is_recording()
    span.end(end_time=(after := 4_000_000_000 * SECOND))
    span.end(end_time=after + SECOND)
    span.set_attribute("shop.too_late", "never")
    span.update_name("never")
    return describe() | {"during": during, "after": span.is_recording()}


@app.get("/failures")
def failures() -> dict[str, object]:
    for name, record, set_status in (
        ("fails", True, True),
        ("fails unrecorded", False, True),
        ("fails without status", True, False),
    ):
        with (
            contextlib.suppress(LookupError),
            TRACER.start_as_current_span(name, record_exception=record, set_status_on_exception=set_status),
        ):
            raise LookupError("no such tariff")
    with TRACER.start_as_current_span("recorded") as span:
        span.record_exception(LookupError("no such tariff"), {"shop.attempt": 2}, timestamp=EVENT_TIME)
        span.set_status(Status(StatusCode.ERROR, "tariff missing"))
    with TRACER.start_as_current_span("succeeds") as span:
        span.set_status(StatusCode.OK)
        span.set_status(StatusCode.ERROR)  # the specification: OK is final
    with TRACER.start_as_current_span("kept open", end_on_exit=False) as span:
        pass
    recording = span.is_recording()
    span.end()
    return describe() | {"kept open": recording}


@app.get("/nesting")
def nesting() -> dict[str, object]:
    def in_thread(run: Callable[[Callable[[], None]], object], name: str) -> None:
        def work() -> None:
            with TRACER.start_as_current_span(name):
                pass

        thread = threading.Thread(target=run, args=(work,))
        thread.start()
        thread.join()

    with TRACER.start_as_current_span("outer") as outer:
        with TRACER.start_as_current_span("inner"):
            pass
        in_thread(contextvars.copy_context().run, "thread with context")
        in_thread(lambda work: work(), "thread without context")
        TRACER.start_span("root by context", context=context.Context()).end()
        TRACER.start_span("child by context", context=trace.set_span_in_context(outer, context.Context())).end()

        @TRACER.start_as_current_span("decorated")
        def decorated() -> None:
            TRACER.start_span("in decorated").end()

        decorated()
    return describe()


@app.get("/measure")
def measure() -> dict[str, object]:
    orders.add(2, {"shop.channel": "web", "shop.vip": True})
    orders.add(-5, {"shop.channel": "web", "shop.vip": True})  # the specification: not for a counter
    open_carts.add(5, {"shop.channel": "web"})
    open_carts.add(-2, {"shop.channel": "web"})
    waits.record(0.75, {"shop.channel": "web"})
    temperature.set(21.5, {"shop.room": "cellar"})
    metrics.get_meter("shop.created_in_a_view").create_counter("shop.late_orders").add(3)
    return describe()


@app.get("/baggage")
def baggage_here() -> dict[str, object]:
    token = context.attach(baggage.set_baggage("shop.cart", "42"))
    try:
        return describe()
    finally:
        context.detach(token)


@app.get("/calls")
def calls() -> dict[str, object]:
    answer = requests.get(f"http://127.0.0.1:{os.environ['API_PORT']}/current", timeout=10)
    return describe() | {"called": answer.json()}


@app.get("/unlisted")
def unlisted() -> dict[str, object]:
    trace.get_current_span().set_attribute(request.args["name"], request.args["value"])
    return describe()


@app.get("/many")
def many() -> dict[str, object]:
    """Exceed limits that the environment sets: on attributes, their length, events, links and the span queue."""
    with TRACER.start_as_current_span("many") as span:
        for number in range(5):
            span.set_attribute(f"shop.attribute.{number}", "0123456789")
            span.add_event(f"shop.event.{number}", {f"shop.attribute.{each}": each for each in range(5)})
            span.add_link(
                SpanContext(LINKED[0], LINKED[1] + number, is_remote=True),
                {f"shop.attribute.{each}": each for each in range(5)},
            )
    return describe()


@app.get("/burst")
def burst() -> dict[str, object]:
    for number in range(int(request.args["spans"])):
        TRACER.start_span(f"burst {number}").end()
    return describe()
