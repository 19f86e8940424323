# SPDX-License-Identifier: Apache-2.0
"""One JSON object per line for every logger, without personal data."""

import json
import logging
import os
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from opentelemetry.sdk.trace import SpanLimits, TracerProvider

from app import telemetry
from app.factory import set_up_telemetry
from app.settings import Settings
from app.telemetry.log_sinks import Sink
from app.telemetry.logging import EXPORTERS, OWN_FIELDS, write_line
from tests.telemetry.conftest import Lines, Observed, add_routes

CANARY = "canary-4111-1111"


@pytest.fixture
def log(settings: Settings, clean_process: None) -> logging.Logger:  # noqa: ARG001
    """Log as a worker does."""
    telemetry.configure_logging(settings, "w3")
    return logging.getLogger("app.some.module")


def test_an_event_is_one_line_with_its_fields(log: logging.Logger, lines: Lines) -> None:
    log.info("loan_frozen", extra={"loan.id": "7", "count": 2})

    [line] = lines()
    timestamp = line.pop("timestamp")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", timestamp)
    assert line.pop("service.instance.id").endswith("-w3")
    assert line == {"level": "INFO", "logger": "app.some.module", "event": "loan_frozen", "loan.id": "7", "count": 2}


def test_a_line_within_a_span_carries_its_ids(log: logging.Logger, lines: Lines) -> None:
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("span") as span:
        log.info("inside")
    log.info("outside")

    inside, outside = lines()
    assert inside["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert inside["span_id"] == f"{span.get_span_context().span_id:016x}"
    assert "trace_id" not in outside
    assert "span_id" not in outside


@pytest.mark.usefixtures("log")
def test_an_attribute_that_is_cut_to_its_limit_is_not_worth_a_line(lines: Lines) -> None:
    provider = TracerProvider(shutdown_on_exit=False, span_limits=SpanLimits(max_attribute_length=10))

    with provider.get_tracer("test").start_as_current_span("span") as span:
        span.set_attribute("exception.stacktrace", "x" * 11)

    assert lines() == []


@pytest.mark.usefixtures("log")
def test_a_librarys_own_words_are_the_message_of_a_log_message(lines: Lines) -> None:
    logging.getLogger("alembic").warning("Running upgrade %s -> %s", "a", "b")
    logging.getLogger("other").warning("word", extra={"event": "not_ours"})

    alembic, other = lines()
    assert alembic["event"] == "log_message"
    assert alembic["message"] == "Running upgrade a -> b"
    assert (other["event"], other["extra.event"]) == ("word", "not_ours")


OWN = {
    "timestamp": "yesterday",
    "level": "FINE",
    "logger": "another",
    "event": "http_request",
    "trace_id": "t",
    "span_id": "s",
    "service.instance.id": "i",
    "exception.type": "None",
    "exception.stacktrace": "none",
}


def test_a_user_cannot_replace_a_lines_own_fields(log: logging.Logger, lines: Lines) -> None:
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("span"):
        log.info("first", extra=OWN | {"own": 1})
        try:
            fail_because_of_another()
        except RuntimeError:
            log.exception("second %s", "x", extra=OWN)

    for line, level in zip(lines(), ("INFO", "ERROR"), strict=True):
        assert {name: line[f"extra.{name}"] for name in OWN} == OWN
        assert (line["level"], line["logger"]) == (level, "app.some.module")
        assert line["event"] in {"first", "log_message"}
        assert {name for name in OWN if line.get(name) == OWN[name]} == set()


def test_every_field_that_a_line_has_of_its_own_is_protected(log: logging.Logger, lines: Lines) -> None:
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("span"):
        try:
            fail_because_of_another()
        except RuntimeError:
            log.exception("words %s", "x")

    assert set(lines()[0]) == OWN_FIELDS


class Unspeakable:
    def __str__(self) -> str:
        raise LookupError(CANARY)


@pytest.mark.parametrize(
    ("message", "arguments", "error"),
    [
        ("%d pieces", ("many",), "TypeError"),
        ("%s and %s", ("one",), "TypeError"),
        ("%(name)s", ({"other": 1},), "KeyError"),
        ("100 %", ("one",), "ValueError"),
        ("%s", (Unspeakable(),), "LookupError"),
        (Unspeakable(), (), "LookupError"),
    ],
)
def test_a_record_that_cannot_be_formatted_is_a_line_that_reports_this(
    log: logging.Logger,
    capsys: pytest.CaptureFixture[str],
    message: Any,  # noqa: ANN401  # anything can be logged
    arguments: tuple[Any, ...],
    error: str,
) -> None:
    # Past pytest's own handler of the root logger, which fails the test for such a record.
    [sink] = [each for each in logging.getLogger().handlers if isinstance(each, Sink)]
    cause = RuntimeError(CANARY)
    sink.handle(log.makeRecord(log.name, logging.WARNING, "here.py", 1, message, arguments, None))
    sink.handle(log.makeRecord(log.name, logging.ERROR, "here.py", 1, message, arguments, (RuntimeError, cause, None)))

    out, err = capsys.readouterr()
    for written, level in zip(out.splitlines(), ("WARNING", "ERROR"), strict=True):
        line = json.loads(written)
        assert (line["event"], line["level"], line["error.type"]) == ("log_record_unformattable", level, error)
        assert line["logger"] == "app.some.module"
        assert line.get("format") == (message if isinstance(message, str) else None)
        assert line.get("exception.type") == ("RuntimeError" if level == "ERROR" else None)
    assert err == ""  # the sink is in order
    assert CANARY not in out


def test_arguments_are_written_only_where_they_are_nobodys_words(log: logging.Logger, lines: Lines) -> None:
    log.warning("refused for %s", CANARY)
    logging.getLogger("some.library").error("cannot deliver to %(who)s", {"who": CANARY})
    logging.getLogger("gunicorn.error").info("Booting worker with pid: %s", 7)

    assert [line["message"] for line in lines()] == [
        "refused for %s",
        "cannot deliver to %(who)s",
        "Booting worker with pid: 7",
    ]


def test_arguments_are_written_of_the_loggers_that_a_setting_names(
    settings: Settings,
    clean_process: None,  # noqa: ARG001
    lines: Lines,
) -> None:
    named = ["some", "some.library", "some.library.part", "some.libraries", "somewhere"]
    for listed in ({"some.library"}, {"some"}, {"*"}, set()):
        telemetry.configure_logging(replace(settings, log_arguments=frozenset(listed)), "w3")
        for name in named:
            logging.getLogger(name).error("%s", "told")

    told = [line["message"] == "told" for line in lines()]
    assert [told[start : start + 5] for start in range(0, len(told), 5)] == [
        [False, True, True, False, False],
        [True, True, True, True, False],
        [True] * 5,
        [False] * 5,
    ]


@pytest.mark.parametrize("nasty", ["a\nb", "a\rb", "a\u2028b", "a\u2029b", "\x1b[31mred", '"}', "\ud800", "\x00"])
def test_no_text_can_split_a_line(log: logging.Logger, capsys: pytest.CaptureFixture[str], nasty: str) -> None:
    log.warning("%s", nasty)
    log.info("field", extra={"nasty": nasty})

    written = capsys.readouterr().out
    assert written.isascii()
    assert [json.loads(line).get("nasty", nasty) for line in written.splitlines()] == [nasty, nasty]


def test_an_exception_is_its_type_and_stack_and_not_its_words(log: logging.Logger, lines: Lines) -> None:
    try:
        fail_because_of_another()
    except RuntimeError:
        log.exception("calculation_failed")

    [line] = lines()
    assert line["exception.type"] == "RuntimeError"
    assert re.search(r"KeyError\nTraceback.*RuntimeError$", line["exception.stacktrace"], re.DOTALL)
    assert "test_logging.py" in line["exception.stacktrace"]
    assert CANARY not in str(line)


def fail_because_of_another() -> None:
    try:
        os.environ[CANARY]
    except KeyError as error:
        raise RuntimeError(CANARY) from error


def test_exc_info_outside_an_exception_is_left_out(log: logging.Logger, lines: Lines) -> None:
    log.error("nothing_raised", exc_info=True)  # noqa: LOG014

    assert [key for key in lines()[0] if key.startswith("exc")] == []


def test_warnings_become_lines(log: logging.Logger, lines: Lines) -> None:  # noqa: ARG001
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        telemetry_warning()

    [line] = lines()
    assert line["logger"] == "py.warnings"
    assert "old way" in line["message"]


def telemetry_warning() -> None:
    logging.captureWarnings(capture=False)
    logging.captureWarnings(capture=True)  # within pytest's own recording of warnings
    warnings.warn("old way", stacklevel=2)


@pytest.mark.usefixtures("log")
def test_sqlalchemy_never_prints_statements(settings: Settings, lines: Lines) -> None:
    telemetry.configure_logging(replace(settings, log_level="DEBUG"), "w3")

    logging.getLogger("sqlalchemy.engine.Engine").info("[generated in 0.1s] (%r,)", CANARY)
    logging.getLogger("app").debug("shown")

    assert [line["event"] for line in lines()] == ["shown"]


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(("name", "signal"), EXPORTERS.items())
def test_an_exporter_complains_once_a_minute(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, name: str, signal: str
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    exporter = logging.getLogger(name)

    for _ in range(50):
        exporter.error("Failed to export %s batch", "some")
    now += 61
    exporter.error("Failed to export %s batch", "some")

    first, second = lines()
    assert first["event"] == second["event"] == "telemetry_export_failing"
    assert first["signal"] == signal
    assert first["message"] == "Failed to export some batch"


@pytest.mark.usefixtures("log")
def test_an_exporters_named_arguments_are_written(lines: Lines) -> None:
    logging.getLogger(next(iter(EXPORTERS))).error("Failed to export %(what)s", {"what": "a batch"})

    assert [line["message"] for line in lines()] == ["Failed to export a batch"]


def test_a_process_writes_its_own_file(settings: Settings, clean_process: None, tmp_path: Path) -> None:  # noqa: ARG001
    telemetry.configure_logging(replace(settings, log_dir=tmp_path / "logs"), "arbiter")

    logging.getLogger("app").info("hello")

    [file] = (tmp_path / "logs").iterdir()
    [line] = file.read_text().splitlines()
    assert file.name == f"api-{telemetry.instance_name(settings)}-arbiter.jsonl"
    assert json.loads(line)["event"] == "hello"


def test_a_second_set_up_writes_no_line_twice(log: logging.Logger, settings: Settings, lines: Lines) -> None:
    telemetry.configure_logging(settings, "w3")

    log.info("hello")

    assert len(lines()) == 1


def test_each_request_is_one_line(observed: Observed, lines: Lines) -> None:
    observed.client.get("/loans/7?ssn=canary", headers={"User-Agent": CANARY})
    observed.client.get(f"/{CANARY}")
    observed.client.open(f"/{CANARY}", method="BREW")
    observed.client.get("/livez")

    first, second, third = lines()
    assert first["event"] == "http_request"
    assert first["http.request.method"] == "GET"
    assert first["http.route"] == "/loans/<int:number>"
    assert first["http.response.status_code"] == 200
    assert 0 < first["http.server.request.duration"] < 1
    assert first["url.path"] == "/loans/7"
    assert (second["http.route"], second["http.response.status_code"]) == ("", 404)
    assert third["http.request.method"] == "_OTHER"
    assert "canary" not in f"{first}{second}{third}"


def test_a_failed_request_is_an_error_line_beside_its_stack(observed: Observed, lines: Lines) -> None:
    observed.client.get("/boom")

    stack, request = lines()
    assert stack["exception.type"] == "RuntimeError"
    assert (request["event"], request["level"], request["http.response.status_code"]) == ("http_request", "ERROR", 500)
    assert stack["trace_id"] == request["trace_id"]


def test_the_request_line_is_what_the_formatter_would_have_written(
    observed: Observed, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1795675840.25)

    @observed.app.get("/a/<path:rest>")
    def view(rest: str) -> str:  # noqa: ARG001
        return "answer"

    @observed.app.before_request
    def log_the_same() -> None:
        extra = {
            "http.request.method": "GET",
            "http.route": "/a/<path:rest>",
            "http.response.status_code": 200,
            "http.server.request.duration": 0.0,
            "url.path": '/a/b"\\\u00e9\u2028',
        }
        logging.getLogger("app.telemetry.request_line").info("http_request", extra=extra)

    observed.client.get('/a/b"\\\u00e9\u2028')

    formatted, ours = lines()
    assert list(ours) == list(formatted)
    assert ours.pop("http.server.request.duration") > formatted.pop("http.server.request.duration")
    assert ours == formatted


@pytest.mark.usefixtures("clean_process")
def test_a_level_above_info_has_only_the_lines_of_failures(settings: Settings, lines: Lines) -> None:
    seen = Observed(Flask("loans"))
    set_up_telemetry(seen.app, replace(settings, log_level="ERROR"), telemetry.Pipeline(seen.spans.take, [seen.reader]))
    add_routes(seen.app)

    seen.client.get("/loans/1")
    seen.client.get("/boom")

    assert [line["http.response.status_code"] for line in lines()] == [500]
    assert seen.names() == ["GET /loans/<int:number>", "GET /boom"]


def test_both_ways_of_writing_a_line_carry_the_environments_resource(
    settings: Settings,
    clean_process: None,  # noqa: ARG001
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "my-loans")
    telemetry.configure_logging(replace(settings, otel={"OTEL_SERVICE_NAME": "my-loans"}), "w3")

    logging.getLogger("app.tests").info("by_record")
    write_line(logging.INFO, "app.tests", "by_text", "")

    assert [line["resource"] for line in lines()] == [{"service.name": "my-loans"}] * 2
