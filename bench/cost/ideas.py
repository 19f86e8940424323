# SPDX-License-Identifier: Apache-2.0
"""The optimisations of `standard`: how to copy each, and a variant without it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Idea:
    """One optimisation; `without` is the variant that is `standard` except for it."""

    without: str
    title: str
    how: str


IDEAS: Final = (
    Idea(
        "standard_sqlalchemy",
        "statements by the driver's instrumentor",
        "`Psycopg2Instrumentor.instrument_connection` on each connection of the engine (`instrument_database` in "
        "`app/telemetry/tracing.py`) instead of `SQLAlchemyInstrumentor`, which also makes a `connect` span and a "
        "measurement at each checkout of a connection. Measured against `SQLAlchemyInstrumentor`.",
    ),
    Idea(
        "standard_log_record",
        "the request's line without a log record",
        "One line of JSON is formatted and written to the handlers (`app/telemetry/request_line.py`) instead of "
        "a `LogRecord` with `extra` and a JSON formatter. Measured against the usual hook with python-json-logger.",
    ),
    Idea(
        "standard_self_metrics",
        "no measurement of each span",
        "`OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED` is true only while the batch processor is built "
        "(`self_observability` in `app/telemetry/tracing.py`): drops are counted, and the provider does not count "
        "each span as it starts and ends. Default OpenTelemetry has it off, and counts no drops.",
    ),
    Idea(
        "standard_pings",
        "no spans of the pool's pings",
        "`suppress_instrumentation()` around the dialect's `do_ping` (`instrument_database`): the pool tests "
        "each connection at its checkout, which is no statement of the request. "
        "`SQLAlchemyInstrumentor` does not see pings; the driver's instrumentor does.",
    ),
)
