# SPDX-License-Identifier: Apache-2.0
"""One JSON object per line for every log record of this process, ours or a library's."""

import functools
import itertools
import json
import logging
import re
import time
from collections.abc import Collection
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from pythonjsonlogger.core import merge_record_extra
from pythonjsonlogger.json import JsonEncoder, JsonFormatter

from app.telemetry import redaction, semconv
from app.telemetry.line_length import MOST_LINE_BYTES, shortened
from app.telemetry.log_directory import log_path
from app.telemetry.log_sinks import LogFile, OncePerMinute, Sink
from app.telemetry.resource import instance_id, instance_name, resource_from_environment
from app.telemetry.safety import log_failure

if TYPE_CHECKING:
    from app.settings import Settings

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

CONSTANT_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Loggers whose %-arguments contain no user input: versions, signals, addresses of our own servers. Of any other logger
# the format is written without its arguments, unless LOG_ARGUMENTS names it: each %s may be what a client sent.
ARGUMENTS_ARE_KNOWN = frozenset({"gunicorn", "alembic", "opentelemetry", "py"})
EVERY_LOGGER = "*"  # in LOG_ARGUMENTS
UNWRITABLE = "unwritable"  # replaces a field that can't be written as JSON; its type follows
# The fields that a line has of its own. A member of `extra` with such a name is kept as `extra.NAME`.
OWN_FIELDS = frozenset(
    {
        "timestamp",
        "level",
        "logger",
        "event",
        "message",
        "trace_id",
        "span_id",
        semconv.SERVICE_INSTANCE_ID,
        semconv.EXCEPTION_TYPE,
        semconv.EXCEPTION_STACKTRACE,
    }
)
RENAMED = {name: f"extra.{name}" for name in OWN_FIELDS}

# SQLAlchemy prints statements with their parameters at INFO, urllib3 its retries at WARNING. A full span queue is
# counted (otel.sdk.processor.span.processed): its warning would be written from within a request. An attribute that is
# cut to its limit is expected: in an outage, each failed statement's stack is. Parsers of `tracestate` and `baggage`
# quote a header that they can't parse, which may contain anything; the instrumentor warns in each request about a
# span that could not be started, which is logged already.
QUIET = {
    "sqlalchemy": logging.WARNING,
    "urllib3": logging.ERROR,
    "opentelemetry.sdk._shared_internal": logging.ERROR,
    "opentelemetry.attributes": logging.ERROR,
    "opentelemetry.trace": logging.ERROR,
    "opentelemetry.baggage": logging.ERROR,
    "opentelemetry.instrumentation.flask": logging.ERROR,
}
EXPORTERS = {
    "opentelemetry.exporter.otlp.proto.common._internal": "traces",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter": "traces",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter": "metrics",
}


_sinks: list[Sink] = []  # ours, the root logger's handlers
_static = ""  # the fields that are the same in each line, as JSON


def configure_logging(settings: "Settings", process: str) -> None:
    """Send every record as a JSON line to stdout and, with LOG_DIR, to the process's own file."""
    global _static  # noqa: PLW0603  # a process has one name
    static: dict[str, Any] = {semconv.SERVICE_INSTANCE_ID: instance_id(settings, process)}
    if resource := resource_from_environment(settings):
        static["resource"] = resource  # the collector adds it to the line's resource
    formatter = JsonLines(static, ARGUMENTS_ARE_KNOWN | settings.log_arguments)
    _static = json.dumps(static)[1:-1]
    sinks = [Sink()]
    if settings.log_dir:
        sinks.append(LogFile(log_path(settings.log_dir, instance_name(settings), process)))
    remove_sinks()
    root = logging.getLogger()
    for sink in sinks:
        sink.setFormatter(formatter)
        root.addHandler(sink)
    _sinks.extend(sinks)
    root.setLevel(settings.log_level)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
    for name, signal in EXPORTERS.items():
        logging.getLogger(name).filters = [ExportTrouble(signal)]
    logging.captureWarnings(capture=True)


def remove_sinks() -> None:
    """Remove our own handlers from the root logger, and no others."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, Sink)]:
        root.removeHandler(handler)
        handler.close()
    _sinks.clear()


def lines_lost() -> dict[str, int]:
    """Count the lines that this process could not write, by the kind of sink."""
    return {sink.kind: sink.lost for sink in _sinks}


def write_line(level: int, logger: str, event: str, fields: str) -> None:
    """Write a line to every sink as the formatter would, without a log record; `fields` are JSON, without braces."""
    line = f"{_opening(level, logger, event)}{', ' if fields else ''}{fields}}}\n"
    for sink in _sinks:
        sink.put(line)


def _opening(level: int, logger: str, event: str) -> str:
    context = trace.get_current_span().get_span_context()
    ids = f', "trace_id": "{context.trace_id:032x}", "span_id": "{context.span_id:016x}"' if context.is_valid else ""
    return (
        f'{{"timestamp": "{timestamp(time.time())}", "level": "{logging.getLevelName(level)}", "logger": "{logger}"'
        f', "event": "{event}"{ids}, {_static}'
    )


def timestamp(seconds: float) -> str:
    """Write a Unix time by RFC 3339, in UTC, to the microsecond."""
    whole, micros = divmod(int(seconds * 1_000_000), 1_000_000)
    return f"{_second(whole)}.{micros:06d}Z"


@functools.lru_cache(maxsize=4)
def _second(unix: int) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class ExportTrouble(logging.Filter):
    """Passes one warning of each exporter per minute, under a constant event name."""

    def __init__(self, signal: str) -> None:
        super().__init__()
        self._signal = signal
        self._limit = OncePerMinute()

    def filter(self, record: logging.LogRecord) -> bool:
        """Rate-limit and rename a record of the exporter."""
        record.__dict__["_event"] = semconv.EVENT_TELEMETRY_EXPORT_FAILING
        record.signal = self._signal
        if record.exc_info:  # the encoder's message quotes the value
            record.msg, record.args = "An attribute could not be encoded.", ()
        elif isinstance(record.args, tuple):  # an exception's message may contain the endpoint with its password
            record.args = tuple(
                redaction.error_type(each) if isinstance(each, BaseException) else each for each in record.args
            )
        return self._limit.allows()


class JsonLines(JsonFormatter):
    """Format a record as one line of JSON; non-ASCII is escaped, so that no U+2028 can split it."""

    def __init__(self, static: dict[str, Any], arguments_of: Collection[str] = ARGUMENTS_ARE_KNOWN) -> None:
        super().__init__(json_ensure_ascii=True)
        self._static = static
        self._arguments_of = arguments_of
        self._encode = JsonEncoder(ensure_ascii=True, allow_nan=False).encode  # NaN is not valid JSON

    def format(self, record: logging.LogRecord) -> str:
        """Format once per record, though two sinks and the rotation call this.

        A record that can't be formatted (its arguments don't fit, its message raises) becomes a line that reports this.
        """
        line: str | None = record.__dict__.get("_line")
        if line is None:
            try:
                line = super().format(record)
            except Exception as error:  # noqa: BLE001  # whatever a message or an argument raises
                line = super().format(report_of(record, error))
            record.__dict__["_line"] = line
        return line

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """Write JSON with one encoder for all lines; a field that can't be encoded is replaced, the others stay."""
        try:
            line = self._encode(log_data)
        except Exception as error:  # noqa: BLE001  # keys that are no text, circular references, values whose own code raises
            log_failure("formatting_a_line", error)
            log_data = {key: self._writable(value) for key, value in log_data.items()}
            line = self._encode(log_data)
        return line if len(line) <= MOST_LINE_BYTES else self._encode(shortened(log_data, self._encode))

    def _writable(self, value: object) -> object:
        try:
            self._encode(value)
        except Exception:  # noqa: BLE001  # as above
            return f"{UNWRITABLE} {type(value).__name__}"
        return value

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802  # logging's name
        """Format an exception without its message."""
        return redaction.stacktrace(ei[1]) if ei[1] else ""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Order the fields: those that every line has come first."""
        log_data["timestamp"] = timestamp(record.created)
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data.update(event_of(record, self._arguments_of))
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            log_data["trace_id"] = trace.format_trace_id(context.trace_id)
            log_data["span_id"] = trace.format_span_id(context.span_id)
        log_data.update(self._static)
        merge_record_extra(record, log_data, self.reserved_attrs, RENAMED)
        if record.exc_info and record.exc_info[1]:
            log_data[semconv.EXCEPTION_TYPE] = redaction.qualified_name(record.exc_info[1])
            log_data[semconv.EXCEPTION_STACKTRACE] = message_dict["exc_info"]


def report_of(record: logging.LogRecord, error: Exception) -> logging.LogRecord:
    """Describe a record that can't be formatted: where it came from, its format if it is text, and the error's type."""
    report = logging.makeLogRecord(
        {
            "name": record.name,
            "levelno": record.levelno,
            "levelname": record.levelname,
            "created": record.created,
            "exc_info": record.exc_info,
            "msg": semconv.EVENT_LOG_RECORD_UNFORMATTABLE,
            semconv.ERROR_TYPE: redaction.error_type(error),
        }
    )
    if isinstance(record.msg, str):
        report.__dict__["format"] = record.msg
    return report


def event_of(record: logging.LogRecord, arguments_of: Collection[str]) -> dict[str, str]:
    """Set the event's name: ours is a constant; a library's record is a `log_message` with its format as message."""
    if not record.args and isinstance(record.msg, str) and CONSTANT_NAME.fullmatch(record.msg):
        return {"event": record.msg}
    message = record.getMessage() if not record.args or is_listed(record.name, arguments_of) else str(record.msg)
    return {"event": getattr(record, "_event", semconv.EVENT_LOG_MESSAGE), "message": message}


def is_listed(name_of_logger: str, names: Collection[str]) -> bool:
    """Return whether a logger or one of its parents is among the names."""
    parents = itertools.accumulate(name_of_logger.split("."), lambda parent, name: f"{parent}.{name}")
    return EVERY_LOGGER in names or any(name in names for name in parents)
